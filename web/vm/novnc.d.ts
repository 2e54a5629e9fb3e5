// What is used of noVNC (docs/API.md of the package), which brings no types.
declare module "@novnc/novnc" {
  /** A WebSocket, or what looks like one. */
  export interface RawChannel {
    binaryType: string;
    onopen: ((event: Event) => void) | null;
    onmessage: ((event: { readonly data: ArrayBuffer }) => void) | null;
    onclose: ((event: CloseEvent) => void) | null;
    onerror: ((event: Event) => void) | null;
    readonly protocol: string;
    readonly readyState: number | string;
    send(data: ArrayBufferView<ArrayBuffer>): void;
    close(): void;
  }
  export default class RFB extends EventTarget {
    constructor(target: HTMLElement, channel: RawChannel | string, options?: { readonly shared?: boolean });
    viewOnly: boolean;
    focusOnClick: boolean;
    scaleViewport: boolean;
    clipViewport: boolean;
    dragViewport: boolean;
    showDotCursor: boolean;
    background: string;
    disconnect(): void;
    sendKey(keysym: number, code: string | null, down?: boolean): void;
    sendCtrlAltDel(): void;
    focus(options?: FocusOptions): void;
    blur(): void;
  }
}
