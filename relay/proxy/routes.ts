// Which method and path of an upstream are open. A path that two programs could read differently (dot segments, empty ones,
// encoded slashes, encodings of encodings) matches nothing. Looks only: the path is forwarded as it came.

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "WS"]);

export interface Route {
  readonly method: string;
  /** Decoded; null: any one segment. */
  readonly segments: readonly (string | null)[];
  /** A trailing `/**`. */
  readonly isOpen: boolean;
}

const isDots = (segment: string) => /^\.{1,2}(;|$)/.test(segment);

/** The decoded segments of a path without its query; null where it is ambiguous. An empty last one: it ends with a slash. */
export function segmentsOf(path: string): string[] | null {
  if (!path.startsWith("/") || /[#\\]/.test(path)) return null;
  const segments: string[] = [];
  const raw = path.slice(1).split("/");
  for (const [index, part] of raw.entries()) {
    let segment = part;
    if (part.includes("%")) {
      try {
        segment = decodeURIComponent(part);
      } catch {
        return null;
      }
      if (/[/\\\p{Cc}]|%[0-9a-f]{2}/iu.test(segment)) return null;
    }
    if (isDots(segment) || (segment === "" && index < raw.length - 1)) return null;
    segments.push(segment);
  }
  return segments;
}

/** `METHOD /path`. */
export function parseRoute(text: string): Route | { readonly error: string } {
  const [method = "", path = "", ...rest] = text.split(" ");
  if (!METHODS.has(method)) return { error: `begins with none of ${[...METHODS].join(", ")}` };
  if (rest.length > 0 || !/^\/[!-~]*$/.test(path) || path.includes("?")) return { error: "must be a method, a space and a path" };
  const isOpen = path.endsWith("/**");
  const segments = segmentsOf(isOpen ? path.slice(0, -2) : path);
  if (!segments) return { error: "holds a path that no request can have" };
  if (isOpen) segments.pop();
  if (segments.some((segment) => segment !== "*" && segment.includes("*")))
    return { error: "`*` stands for a whole segment, `/**` for the rest" };
  return { method, segments: segments.map((segment) => (segment === "*" ? null : segment)), isOpen };
}

function matches(route: Route, segments: readonly string[]): boolean {
  if (route.isOpen ? segments.length <= route.segments.length : segments.length !== route.segments.length) return false;
  return route.segments.every((wanted, index) => (wanted === null ? segments[index] !== "" : wanted === segments[index]));
}

export class RouteList {
  readonly #routes: readonly Route[];

  /** Of valid patterns; others allow nothing. */
  constructor(patterns: readonly string[]) {
    this.#routes = patterns.map(parseRoute).filter((route): route is Route => !("error" in route));
  }

  /** `method`: as in HTTP, or `WS`. `path`: with its query. Where GET is open, HEAD is. */
  allows(method: string, path: string): boolean {
    const query = path.indexOf("?");
    const segments = segmentsOf(query === -1 ? path : path.slice(0, query));
    if (!segments) return false;
    return this.#routes.some(
      (route) => (route.method === method || (method === "HEAD" && route.method === "GET")) && matches(route, segments),
    );
  }
}
