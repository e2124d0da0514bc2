import type { Hex } from 'viem';
import { HDKey, privateKeyToAddress } from 'viem/accounts';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { assignAddress, deriveAddress, displayAddress, parseAddress } from '../../../control-plane/modules/payment/deposit-address.js';
import type { UsdtSettings } from '../../../control-plane/modules/payment/payments.js';
import { type DepositPass, openChain, watchDeposits } from '../../../control-plane/modules/payment/watch-deposits.js';
import { createDatabase, type TestDatabase } from '../../support/database.js';
import { assertMoneyInvariants } from '../../support/invariants.js';
import { createCustomer, walletOf } from '../billing/money-fixture.js';
import { type LocalChain, startLocalChain } from './local-chain.js';

const account = HDKey.fromMasterSeed(Buffer.alloc(32, 7)).derive("m/44'/60'/0'");
const XPUB = account.publicExtendedKey;
const USD = 1_000_000_000n;

describe('addresses', () => {
  test('an extended public key derives the addresses whose private keys somebody else holds', () => {
    for (const index of [0, 1, 77]) {
      const { privateKey } = account.deriveChild(0).deriveChild(index);
      const secret: Hex = `0x${Buffer.from(privateKey ?? []).toString('hex')}`;
      expect(deriveAddress(XPUB, index)).toBe(privateKeyToAddress(secret).toLowerCase());
    }
  });

  test('TRON writes them in base58 with a checksum', () => {
    const contract = '0xa614f803b6fd780986a42c78ec9c7f77e6ded13c';
    expect(displayAddress('tron', contract)).toBe('TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t');
    expect(parseAddress('tron', 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t')).toBe(contract);
    expect(() => parseAddress('tron', 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u')).toThrow('not an address');
    expect(() => parseAddress('ethereum', 'TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t')).toThrow('not an address');
  });

  test('each account has one, also when asked for ten times at once', async () => {
    const { pool } = await createDatabase();
    const [first, second] = [await createCustomer(pool, 0n), await createCustomer(pool, 0n)];
    const asked = await Promise.all(
      [...Array(10)].map((_, index) => assignAddress(pool, 'ethereum', XPUB, (index % 2 ? first : second).accountId)),
    );
    expect(new Set(asked).size).toBe(2);
    const { rows } = await pool.query('SELECT address_index FROM deposit_address ORDER BY 1');
    expect(rows).toEqual([{ address_index: 0 }, { address_index: 1 }]);
  });
});

describe('deposits on a real chain', () => {
  let chain: LocalChain;
  let database: TestDatabase;
  let settings: UsdtSettings;
  let contract: Hex;
  let address: string;
  let accountId: string;
  let pass: (blocksAtOnce?: bigint) => Promise<DepositPass>;

  beforeAll(async () => {
    chain = await startLocalChain();
  });
  beforeEach(async () => {
    database = await createDatabase();
    contract = await chain.deployToken();
    settings = { rpcUrl: chain.rpcUrl, contract, xpub: XPUB };
    ({ accountId } = await createCustomer(database.pool, 0n));
    address = await assignAddress(database.pool, 'ethereum', XPUB, accountId);
    await chain.mine(5);
    pass = (blocksAtOnce?: bigint) => watchDeposits(database.pool, 'ethereum', settings, openChain(settings), blocksAtOnce);
    await pass();
  });

  async function balance(): Promise<bigint> {
    return (await walletOf(database.pool, accountId)).available;
  }

  async function statuses(): Promise<string[]> {
    return (await database.pool.query<{ status: string }>('SELECT status FROM deposit ORDER BY block_number')).rows.map(
      (row) => row.status,
    );
  }

  test('a deposit is seen at once and credited to the cent only when it is final', async () => {
    await chain.transfer(contract, address, 12_345_678n);
    expect(await pass()).toEqual({ seen: 1, credited: 0, orphaned: 0 });
    expect([await balance(), await statuses()]).toEqual([0n, ['confirming']]);
    await chain.mine(5);
    expect(await pass()).toMatchObject({ credited: 1 });
    expect(await balance()).toBe(12_345_678_000n);
    await assertMoneyInvariants(database.pool);
  });

  test('it is credited once, however many watchers read it', async () => {
    await chain.transfer(contract, address, 1_000_000n);
    await chain.mine(5);
    await Promise.all([...Array(6)].map(() => pass()));
    await pass();
    expect(await balance()).toBe(USD);
  });

  test('a reorganisation before finality takes it away, and it is never credited', async () => {
    const before = await chain.snapshot();
    await chain.transfer(contract, address, 5_000_000n);
    await pass();
    expect(await statuses()).toEqual(['confirming']);
    await chain.revert(before);
    await chain.mine(8);
    expect(await pass()).toEqual({ seen: 0, credited: 0, orphaned: 1 });
    expect([await balance(), await statuses()]).toEqual([0n, ['orphaned']]);
  });

  test('a transfer that comes back in another block is credited once, there', async () => {
    const before = await chain.snapshot();
    const hash = await chain.transfer(contract, address, 5_000_000n);
    const raw = await chain.rawOf(hash);
    await pass();
    await chain.revert(before);
    await chain.mine(3);
    await chain.send(raw);
    expect(await pass()).toMatchObject({ seen: 1, credited: 0 });
    await chain.mine(5);
    await pass();
    expect([await balance(), await statuses()]).toEqual([5n * USD, ['credited']]);
  });

  test('another token, a transfer of nothing, an absurd amount and another address are nothing', async () => {
    const fake = await chain.deployToken();
    await chain.transfer(fake, address, 1_000_000_000n);
    await chain.transfer(contract, address, 0n);
    await chain.transfer(contract, address, 2n ** 200n);
    await chain.transfer(contract, '0x00000000000000000000000000000000000000aa', 1_000_000n);
    await chain.mine(5);
    expect(await pass()).toEqual({ seen: 0, credited: 0, orphaned: 0 });
    expect(await balance()).toBe(0n);
  });

  test('a top-up that waits for it is paid by what arrives', async () => {
    const id = '0195b5b2-1c00-7000-8000-000000000001';
    await database.pool.query(
      `INSERT INTO top_up (id, account_id, method, amount, network) VALUES ($1, $2, 'usdt', 20000000000, 'ethereum')`,
      [id, accountId],
    );
    await chain.transfer(contract, address, 19_000_000n);
    await chain.mine(5);
    await pass();
    const { rows } = await database.pool.query('SELECT status, credited FROM top_up');
    expect(rows).toEqual([{ status: 'paid', credited: '19000000000' }]);
    expect(await balance()).toBe(19n * USD);
  });

  test('what came while nobody watched is found in steps', async () => {
    await chain.transfer(contract, address, 1_000_000n);
    await chain.mine(20);
    await chain.transfer(contract, address, 2_000_000n);
    await chain.mine(5);
    await pass(15n);
    expect(await balance()).toBe(USD);
    await pass(15n);
    expect(await balance()).toBe(3n * USD);
    await assertMoneyInvariants(database.pool);
  });
});
