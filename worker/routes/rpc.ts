// Calls of objects that only read: repeated when the platform replaced the object under them (a deploy, a move).

const ATTEMPTS = 3;

/** `call` takes a new stub each time. Never for what changes something: an object that was replaced may have done it. */
export async function reading<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      const { retryable, overloaded } = (error ?? {}) as { retryable?: boolean; overloaded?: boolean };
      if (attempt === ATTEMPTS || retryable !== true || overloaded === true) throw error;
    }
  }
}
