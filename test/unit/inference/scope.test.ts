import { describe, expect, test } from '@jest/globals';
import { Scope } from '#inference/scope.js';

describe('a scope', () => {
  test('disposes in reverse, one after the other, each once', async () => {
    const scope = new Scope();
    const order: string[] = [];
    for (const name of ['first', 'second', 'third']) {
      const owned = scope.own(name, async (resource) => {
        order.push(`${resource} begins`);
        await Promise.resolve();
        order.push(`${resource} ends`);
      });
      expect(owned).toBe(name);
    }
    const both = [scope.close(), scope.close()];
    expect(await Promise.all(both)).toEqual([[], []]);
    expect(order).toEqual(['third', 'second', 'first'].flatMap((name) => [`${name} begins`, `${name} ends`]));
  });

  test('goes on when one throws, and tells what was thrown', async () => {
    const scope = new Scope();
    let disposed = 0;
    const dispose = (): void => {
      disposed++;
    };
    scope.own(0, dispose);
    scope.own(0, () => {
      throw new Error('sticks');
    });
    scope.own(0, () => Promise.reject(new Error('sticks too')));
    scope.own(0, dispose);
    const errors = await scope.close();
    expect(errors.map(({ message }) => message)).toEqual(['sticks too', 'sticks']);
    expect(disposed).toBe(2);
  });

  test('does not dispose of what it was to forget', async () => {
    const scope = new Scope();
    const ends: object[] = [];
    const names = [{ name: 'first' }, { name: 'second' }, { name: 'third' }];
    for (const name of names)
      scope.own(name, (resource) => {
        ends.push(resource);
      });
    scope.forget(names[1]);
    scope.forget({ name: 'a stranger' });
    await scope.close();
    expect(ends).toEqual([names[2], names[0]]);
  });

  test('that is closed disposes of what comes late', async () => {
    const scope = new Scope();
    const closed = scope.close();
    let disposed = 0;
    scope.own(0, () => {
      disposed++;
    });
    await closed;
    await scope.close();
    expect(disposed).toBe(1);
  });
});

describe('what is being opened', () => {
  test('is owned when it is there', async () => {
    const scope = new Scope();
    const ends: string[] = [];
    expect(
      await scope.open(Promise.resolve('session'), (name) => {
        ends.push(name);
      }),
    ).toBe('session');
    await scope.close();
    expect(ends).toEqual(['session']);
  });

  test('is disposed of when it comes after the end', async () => {
    const ended = new AbortController();
    const scope = new Scope(ended.signal);
    const ends: string[] = [];
    let open!: (name: string) => void;
    const opening = scope.open(
      new Promise<string>((resolve) => {
        open = resolve;
      }),
      (name) => {
        ends.push(name);
      },
    );
    ended.abort(new Error('the user'));
    await expect(opening).rejects.toThrow('the user');
    await scope.close();
    open('late');
    await new Promise((resolve) => setImmediate(resolve));
    expect(ends).toEqual(['late']);
  });

  test('fails as its opening does', async () => {
    const scope = new Scope();
    await expect(scope.open(Promise.reject(new Error('no file')), () => undefined)).rejects.toThrow(
      'no file',
    );
    expect(await scope.close()).toEqual([]);
  });
});

test('who cannot end in time is left behind, the others are not', async () => {
  const scope = new Scope();
  const ends: string[] = [];
  scope.own('first', (name) => {
    ends.push(name);
  });
  scope.own('hangs', () => new Promise(() => undefined));
  expect(await scope.close(20)).toEqual([]);
  expect(ends).toEqual(['first']);
});
