import { expect, test } from '@jest/globals';
import type { Backend } from '#inference/backend.js';
import { Scope } from '#inference/scope.js';
import type { Configured } from '#node/lifecycleConfigured.js';
import type { NetworkLoader } from '#node/lifecycleLoading.js';
import { type Life, type NetworkHost, NetworkLife } from '#node/networkLife.js';
import type { Parameters } from '#node/parameterTable.js';

/** How often each network was closed, in the order of opening. */
let closes: number[];

/** A network that is nothing but open, in a scope as the loader makes it. */
function opened(scope = new Scope()): { readonly scope: Scope; readonly backend: Backend } {
  const number = closes.push(0) - 1;
  const backend = {
    model: { choice: { build: false } },
    failed: new Promise(() => undefined),
    close: () => {
      closes[number]!++;
      return Promise.resolve();
    },
  } as unknown as Backend;
  return { scope: new Scope(), backend: scope.own(backend, (network) => network.close()) };
}

test('networks that were exchanged are closed, and nothing keeps them until the node ends', async () => {
  closes = [];
  const scope = new Scope();
  let { backend: current } = opened(scope);
  const configured = {
    description: 'a network',
    use: (next: Backend) => {
      const old = current;
      current = next;
      return old;
    },
  } as unknown as Configured;
  const life: Life = { scope, configured, model: 'model 0', wanted: 'model 0' };
  const parameters = { model: 'model 0' };
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const network = new NetworkLife({
    node: { log, setParameter: () => undefined },
    parameters: parameters as Parameters,
    loader: {
      load: () => {
        const own = new Scope();
        return Promise.resolve({ ...opened(own), scope: own });
      },
    } as unknown as NetworkLoader,
    backend: {} as NetworkHost['backend'],
    ended: new AbortController().signal,
    life: () => life,
    isManaged: () => false,
    fail: () => undefined,
  });
  for (let i = 1; i <= 3; i++) {
    parameters.model = `model ${i}`;
    await network.follow();
    expect(closes).toEqual([...Array<number>(i).fill(1), 0]);
  }
  // What the life's scope still owned would be closed a second time.
  await scope.close();
  expect(closes).toEqual([1, 1, 1, 1]);
});
