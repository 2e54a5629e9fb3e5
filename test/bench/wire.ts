// A client of HTTP/1.1 on one raw socket, as light as can be, so that a measurement sees the server and not the client.
// Knows content-length and chunked answers, keeps the connection, and can leave in two ways. For the bench alone.
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export interface Target {
  readonly url: string;
  readonly key: string;
  readonly model: string;
}

export interface Answer {
  readonly status: number;
  /** Of the body. */
  readonly bytes: number;
}

type OnBody = (bytes: Buffer) => void;

interface Waiting {
  readonly onBody: OnBody | undefined;
  readonly done: (answer: Answer) => void;
  readonly failed: (error: Error) => void;
}

const CRLF = Buffer.from("\r\n");
const HEAD_END = Buffer.from("\r\n\r\n");

export class Wire {
  readonly socket: Socket;
  readonly #host: string;
  #waiting: Waiting | null = null;
  #rest: Buffer = Buffer.alloc(0);
  /** What comes next. `left` bytes of data; in chunks, a size line before each. */
  #state: "head" | "data" | "size" | "chunk" | "tail" = "head";
  #left = 0;
  #status = 0;
  #bytes = 0;

  private constructor(socket: Socket, host: string) {
    this.socket = socket;
    this.#host = host;
    socket.on("data", (bytes: Buffer) => this.#take(bytes));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("closed before the answer was whole")));
  }

  static async open(url: string): Promise<Wire> {
    const { hostname, port, host } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    await once(socket, "connect");
    return new Wire(socket, host);
  }

  /** A POST's head, and as much of its body as is given. */
  post(path: string, key: string, body: string, length = Buffer.byteLength(body)): void {
    const head = `POST ${path} HTTP/1.1\r\nhost: ${this.#host}\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;
    this.socket.write(head + body);
  }

  /** Resolves when the next answer is whole; rejects when the connection ends before. */
  answer(onBody?: OnBody): Promise<Answer> {
    return new Promise((done, failed) => {
      this.#waiting = { onBody, done, failed };
    });
  }

  close(how: "fin" | "rst"): void {
    this.#waiting = null;
    this.socket.on("error", () => {});
    if (how === "fin") this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  #fail(error: Error): void {
    this.#waiting?.failed(error);
    this.#waiting = null;
  }

  #take(piece: Buffer): void {
    let bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    for (let more = true; more && bytes.length > 0;) {
      const used = this.#state === "data" || this.#state === "chunk" ? this.#data(bytes) : this.#line(bytes);
      more = used > 0;
      bytes = bytes.subarray(used);
    }
    this.#rest = bytes;
  }

  #data(bytes: Buffer): number {
    const part = bytes.length > this.#left ? bytes.subarray(0, this.#left) : bytes;
    this.#left -= part.length;
    this.#bytes += part.length;
    this.#waiting?.onBody?.(part);
    if (this.#left > 0) return part.length;
    if (this.#state === "chunk") this.#state = "size";
    else this.#end();
    return part.length;
  }

  /** A head, a chunk's size, or what follows the last chunk. The bytes used; 0: it is not whole. */
  #line(bytes: Buffer): number {
    const isHead = this.#state === "head";
    // A size line comes after the line end of the chunk before it.
    const from = this.#state === "size" && bytes[0] === 13 ? 2 : 0;
    const end = bytes.indexOf(isHead ? HEAD_END : CRLF, from);
    if (end < 0) return 0;
    const text = bytes.toString("latin1", from, end);
    if (isHead) {
      this.#head(text);
      return end + 4;
    }
    if (this.#state === "tail") this.#end();
    else {
      this.#left = Number.parseInt(text, 16);
      this.#state = this.#left === 0 ? "tail" : "chunk";
    }
    return end + 2;
  }

  #head(text: string): void {
    this.#status = Number(text.slice(9, 12));
    this.#bytes = 0;
    const length = /\r\ncontent-length: *(\d+)/i.exec(text);
    this.#left = length ? Number(length[1]) : 0;
    if (!length) this.#state = "size";
    else if (this.#left > 0) this.#state = "data";
    else this.#end();
  }

  #end(): void {
    this.#state = "head";
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.done({ status: this.#status, bytes: this.#bytes });
  }
}
