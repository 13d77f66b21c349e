import type { IFailure } from './schema';

/** What went wrong at a route, as the server part tells it: what, where, and what to do next. */
export class ServerFailure extends Error {
  constructor(
    readonly failure: IFailure,
    /** The HTTP status; 0 where no answer came. */
    readonly status: number
  ) {
    super(failure.what);
    this.name = 'ServerFailure';
  }

  /** The error's class, by which callers tell one from another. */
  get kind(): string {
    return this.failure.kind;
  }
}

/** Returns what an error tells; of one that is no failure of the server, its message. */
export function failureOf(error: unknown): IFailure {
  if (error instanceof ServerFailure) {
    return error.failure;
  }
  const what = error instanceof Error ? error.message : String(error);
  return { kind: 'Error', what, where: '', advice: '', message: what };
}
