/** A real EVM node (anvil) of this test's own, with a token that does nothing but emit `Transfer`. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createTestClient, createWalletClient, type Hex, http, pad, publicActions, toHex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { anvil } from 'viem/chains';
import { findAnyFreePort } from '../../../local/services/free-port.js';
import { afterFile } from '../../support/after-file.js';

/** Anvil's first account. */
const OWNER = privateKeyToAccount('0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80');
const READY_TRIES = 100;

/**
 * Emits Transfer(caller, calldata[0..32], calldata[32..64]), whatever it is called with.
 *   PUSH1 20 CALLDATALOAD PUSH1 0 MSTORE | PUSH1 0 CALLDATALOAD | CALLER | PUSH32 topic | PUSH1 20 PUSH1 0 LOG3 STOP
 */
const RUNTIME = '602035600052600035337fddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef60206000a300';
/** Copies the 0x31 bytes after itself into memory and returns them. */
const TOKEN: Hex = `0x6031600c60003960316000f3${RUNTIME}`;

export interface LocalChain {
  readonly rpcUrl: string;
  deployToken(): Promise<Hex>;
  /** In the next block, which is mined at once. Returns the transaction. */
  transfer(token: Hex, to: string, micro: bigint): Promise<Hex>;
  mine(blocks: number): Promise<void>;
  snapshot(): Promise<Hex>;
  /** Everything since the snapshot never happened: what comes next is another branch. */
  revert(snapshot: Hex): Promise<void>;
  send(raw: Hex): Promise<void>;
  rawOf(transaction: Hex): Promise<Hex>;
}

/** Blocks are mined on request; the last two are not final. Stops after the test file. */
export async function startLocalChain(): Promise<LocalChain> {
  const port = await findAnyFreePort();
  const rpcUrl = `http://127.0.0.1:${port}`;
  const program = fileURLToPath(import.meta.resolve('@foundry-rs/anvil/bin.mjs'));
  const node = spawn(process.execPath, [program, '--port', String(port), '--no-mining', '--slots-in-an-epoch', '1'], { stdio: 'ignore' });
  afterFile(() => {
    node.kill('SIGTERM');
  });
  const client = createTestClient({ chain: anvil, mode: 'anvil', transport: http(rpcUrl, { retryCount: 0, timeout: 30_000 }) }).extend(
    publicActions,
  );
  const wallet = createWalletClient({ account: OWNER, chain: anvil, transport: http(rpcUrl) });
  for (let attempt = 0; ; attempt++) {
    const up = await client.getBlockNumber().then(
      () => true,
      () => false,
    );
    if (up) break;
    if (attempt === READY_TRIES) throw new Error('anvil did not start');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const mine = (blocks: number) => client.mine({ blocks });
  const gas = { gas: 200_000n, maxFeePerGas: 10_000_000_000n, maxPriorityFeePerGas: 1_000_000_000n };

  return {
    rpcUrl,
    mine,
    deployToken: async () => {
      const hash = await wallet.sendTransaction({ data: TOKEN, ...gas });
      await mine(1);
      const { contractAddress } = await client.getTransactionReceipt({ hash });
      if (!contractAddress) throw new Error('the token was not deployed');
      return contractAddress;
    },
    transfer: async (token, to, micro) => {
      const data: Hex = `0x${pad(to as Hex, { size: 32 }).slice(2)}${toHex(micro, { size: 32 }).slice(2)}`;
      const hash = await wallet.sendTransaction({ to: token, data, ...gas });
      await mine(1);
      return hash;
    },
    snapshot: () => client.snapshot(),
    revert: (id) => client.revert({ id }),
    rawOf: (hash) => client.request({ method: 'eth_getRawTransactionByHash' as never, params: [hash] as never }) as Promise<Hex>,
    send: async (serializedTransaction) => {
      await client.sendRawTransaction({ serializedTransaction });
      await mine(1);
    },
  };
}
