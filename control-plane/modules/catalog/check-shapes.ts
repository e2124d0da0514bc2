/** The free-form parts of the catalogue: refused here, with the member named, before a node would refuse the whole revision. */
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { GatewayError } from '../../../shared/errors.js';
import type { Capabilities, VendorQuirks } from '../../../shared/snapshot.js';

const Text = Type.String({ maxLength: 1_000 });
const Texts = Type.Array(Text, { maxItems: 200 });
const TextMap = Type.Record(Text, Text);
const Flag = Type.Boolean();
const oneOf = (...values: string[]) => Type.Union(values.map((value) => Type.Literal(value)));

/** VendorQuirks of shared/snapshot.ts. A misspelt quirk would be ignored in silence: no other member is taken. */
const quirksCheck = Compile(
  Type.Object(
    {
      path: Type.Optional(Text),
      auth: Type.Optional(oneOf('bearer', 'x-api-key', 'x-goog-api-key', 'api-key')),
      headers: Type.Optional(TextMap),
      query: Type.Optional(TextMap),
      drop: Type.Optional(Texts),
      rename: Type.Optional(TextMap),
      defaults: Type.Optional(Type.Record(Text, Type.Unknown())),
      passUnknown: Type.Optional(Flag),
      maxTokensField: Type.Optional(oneOf('max_tokens', 'max_completion_tokens')),
      developerRole: Type.Optional(Flag),
      maxTemperature: Type.Optional(Type.Number()),
      reasoning: Type.Optional(
        oneOf(
          'reasoning_effort',
          'reasoning_object',
          'thinking_type',
          'enable_thinking',
          'anthropic_budget',
          'anthropic_adaptive',
          'gemini_budget',
          'gemini_level',
          'none',
        ),
      ),
      efforts: Type.Optional(Texts),
      reasoningContentRequired: Type.Optional(Flag),
      reasoningOutsideCompletion: Type.Optional(Flag),
      noStreamOptions: Type.Optional(Flag),
      toolCallIds: Type.Optional(oneOf('mistral')),
      toolChoiceRequired: Type.Optional(oneOf('any')),
      noUserAfterTool: Type.Optional(Flag),
      jsonWordRequired: Type.Optional(Flag),
      jsonSchema: Type.Optional(oneOf('native', 'json_object', 'none')),
      inlineImages: Type.Optional(Flag),
      toolImages: Type.Optional(Flag),
      more: Type.Optional(Type.Record(Text, Type.Unknown())),
    },
    { additionalProperties: false },
  ),
);

const CAPABILITIES: readonly (keyof Capabilities)[] = [
  'tools',
  'parallelTools',
  'imageInput',
  'audioInput',
  'fileInput',
  'jsonObject',
  'jsonSchema',
  'reasoning',
  'logprobs',
  'multipleChoices',
  'temperature',
  'promptCache',
];
const capabilityShape = Object.fromEntries(CAPABILITIES.map((name) => [name, Flag]));
const capabilitiesCheck = Compile(Type.Object(capabilityShape, { additionalProperties: false }));
const someCapabilitiesCheck = Compile(Type.Partial(Type.Object(capabilityShape, { additionalProperties: false })));

interface Check {
  Check(value: unknown): boolean;
  Errors(value: unknown): Iterable<{ instancePath: string; message: string }>;
}

export function checkQuirks(value: unknown): VendorQuirks {
  return requireShape(quirksCheck, value, 'quirks') as VendorQuirks;
}

export function checkCapabilities(value: unknown): Capabilities {
  return requireShape(capabilitiesCheck, value, 'capabilities') as Capabilities;
}

export function checkSomeCapabilities(value: unknown): Partial<Capabilities> {
  return requireShape(someCapabilitiesCheck, value, 'capabilities') as Partial<Capabilities>;
}

function requireShape(check: Check, value: unknown, param: string): unknown {
  if (check.Check(value)) return value;
  const [error] = check.Errors(value);
  const place = `${param}${(error?.instancePath ?? '').replaceAll('/', '.')}`;
  throw new GatewayError('invalid_request', `${place} ${error?.message ?? 'is malformed'}.`, { param: place });
}
