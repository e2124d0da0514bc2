# One image for both planes; the command chooses. The pinned Node comes with the packages.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN node local/bootstrap.mjs build && npm prune --omit=dev

FROM node:24-slim
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/migrations ./migrations
RUN install -d -o node -g node /data
USER node
VOLUME /data
ENTRYPOINT ["node_modules/.bin/node", "--enable-source-maps", "--max-semi-space-size=16"]
CMD ["dist/data-plane/main.js"]
