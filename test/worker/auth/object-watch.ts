// The real objects of a namespace, with every call counted, and made to fail or to wait when a test says so.

export class ObjectWatch<T extends DurableObjectNamespace> {
  /** Names of the methods called, in order. */
  readonly calls: string[] = [];
  /** `silent`: never answers; `broken`: throws. */
  mode: "live" | "silent" | "broken" = "live";
  readonly namespace: T;

  constructor(real: T) {
    this.namespace = { getByName: (name: string) => this.#stub(real.getByName(name)) } as unknown as T;
  }

  #stub(stub: object): object {
    return new Proxy(stub, {
      get:
        (target, method) =>
        (...values: unknown[]) => {
          this.calls.push(String(method));
          if (this.mode === "broken") return Promise.reject(new Error("the object is broken"));
          if (this.mode === "silent") return new Promise(() => {});
          return (target as Record<string | symbol, (...all: unknown[]) => unknown>)[method]!(...values);
        },
    });
  }
}
