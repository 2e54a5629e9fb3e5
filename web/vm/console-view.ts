// What a console on the page tells the screen around it.
export interface ConsoleEvents {
  /** Connected: it shows what comes. */
  readonly ready: () => void;
  readonly ended: (reason: string) => void;
  readonly closed: (reason: string) => void;
  /** The sticky keys were used up. */
  readonly released: () => void;
}
