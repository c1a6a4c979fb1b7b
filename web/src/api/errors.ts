// What the engine refused, as an error that cards can show.
import { nextCursor } from '@/lib/next-cursor';
import type { Problem } from './types';

export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem | null;
  /** Seconds that the server asks to wait; 0 when it did not say. */
  readonly retryAfter: number;

  constructor(status: number, problem: Problem | null, retryAfter = 0) {
    super(problem?.detail ?? `The server answered ${status}.`);
    this.name = 'ApiError';
    this.status = status;
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

function isProblem(value: unknown): value is Problem {
  return (
    typeof value === 'object' &&
    value !== null &&
    'detail' in value &&
    typeof value.detail === 'string'
  );
}

type Call<T> = Promise<{ data?: T; error?: unknown; response: Response }>;

/** The body of a good answer; throws an ApiError for any other. */
export async function answerOf<T>(call: Call<T>): Promise<T> {
  return (await pageOf(call)).data;
}

/** The same, and where the next page of it begins. */
export async function pageOf<T>(
  call: Call<T>,
): Promise<{ data: T; next: string | null }> {
  const { data, error, response } = await call;
  if (response.ok && data !== undefined)
    return { data, next: nextCursor(response.headers.get('Link')) };
  throw new ApiError(
    response.status,
    isProblem(error) ? error : null,
    Number(response.headers.get('Retry-After') ?? 0) || 0,
  );
}

/** Nobody is signed in, or this caller may not see that. */
export function isDenied(error: unknown): boolean {
  return (
    error instanceof ApiError && (error.status === 401 || error.status === 403)
  );
}

/** The engine never heard of the learner, or the caller has no business with
 * them: the two are not told apart. */
export function isUnknown(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

/** Whether asking again may help, and after how long. */
export function retryDelay(error: unknown, attempt: number): number | null {
  const most = 3;
  if (attempt >= most) return null;
  if (error instanceof ApiError) {
    if (error.status !== 429 && error.status !== 503) return null;
    if (error.retryAfter) return error.retryAfter * 1000;
  }
  return 400 * 2 ** attempt;
}
