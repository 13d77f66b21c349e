import type { TranslationBundle } from '@jupyterlab/translation';
import { Signal, type ISignal } from '@lumino/signaling';
import { ServerFailure } from '../src/api/failure';
import type { ILive, IServer, Topic } from '../src/api/tokens';
import { Chosen } from '../src/panel/chosen';
import type { IEmr } from '../src/panel/tokens';

type Answer = (asked: never) => unknown;

/** The server part, as a test scripts it: routes by name, and what was asked of them. */
export class FakeServer implements IServer {
  readonly asked: [string, Record<string, unknown>][] = [];
  readonly answers = new Map<string, Answer>();

  on(operation: string, answer: Answer): this {
    this.answers.set(operation, answer);
    return this;
  }

  async call(operation: string, asked: unknown): Promise<never> {
    this.asked.push([operation, asked as Record<string, unknown>]);
    const answer = this.answers.get(operation);
    if (answer === undefined) {
      throw new ServerFailure(failure('NoSuchRoute', operation), 404);
    }
    return (await answer(asked as never)) as never;
  }

  url(): string {
    return '';
  }

  upload(): Promise<never> {
    throw new Error('nothing is uploaded');
  }

  /** How often a route was asked. */
  count(operation: string): number {
    return this.asked.filter(([name]) => name === operation).length;
  }
}

/** Live state that a test tells by `tell`. */
export class FakeLive implements ILive {
  readonly isConnected = true;
  readonly connectedChanged: ISignal<ILive, boolean> = new Signal<ILive, boolean>(this);

  watch(topic: Topic, listener: (body: never) => void) {
    const one = [topic, listener] as const;
    this._watched.add(one);
    return { isDisposed: false, dispose: () => void this._watched.delete(one) };
  }

  tell(topic: Topic, body: unknown): void {
    this._watched.forEach(([name, listener]) => name === topic && listener(body as never));
  }

  get count(): number {
    return this._watched.size;
  }

  private readonly _watched = new Set<readonly [Topic, (body: never) => void]>();
}

/** What the models are given. */
export function fakeEmr(server: FakeServer, live = new FakeLive()): IEmr {
  return { server, live, chosen: new Chosen(), health: null as never };
}

export function failure(kind: string, what: string) {
  return { kind, what, where: '', advice: '', message: what };
}

/** Lets all that has been answered come. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) {
    await Promise.resolve();
  }
}

/** Puts values into English texts, as JupyterLab does where it has no translation. */
export const trans = {
  __: (text: string, ...values: unknown[]) =>
    text.replace(/%(\d+)/g, (_, n: string) => String(values[Number(n) - 1]))
} as unknown as TranslationBundle;
