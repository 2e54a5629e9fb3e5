// Bounds of the RPC client, each with its reason. The daemon is a peer: it may be old, hung or broken, and none of that may
// cost the relay more than what stands here. Bytes, milliseconds, counts.

const KiB = 1024;
const MiB = 1024 * KiB;

export const RPC_LIMITS = {
  /** The whole message without its length word: libvirt's own maximum (VIR_NET_MESSAGE_MAX). More is never legal. */
  messageBytes: 32 * MiB,
  /** One string: libvirt's own maximum (VIR_NET_MESSAGE_STRING_MAX). Domain XML with its metadata fits many times. */
  stringBytes: 4 * MiB,
  /** Items of a list unless its type says less: libvirt's own maximum for statistics, the longest list there is. */
  listItems: 262_144,
  /** First buffer of a message that arrives in pieces; doubled as bytes arrive, so a false length costs nothing. */
  messageBufferBytes: 64 * KiB,
  /**
   * Calls that the daemon works on at once for one connection. Its `max_client_requests` is 5 by default, and at that number it
   * stops reading the socket, keepalive included; one place stays free for the ping.
   */
  callsAtDaemon: 4,
  /** Calls that wait for a place. A queue beyond this is a caller's mistake. */
  callsWaiting: 1_024,
  /** Connections for slow calls (clone, save, agent). The daemon has 20 workers: quick calls keep at least half of them. */
  slowConnections: 8,
  slowWaiting: 256,
  /** Streams open at once, each on a connection of its own (the daemon's `max_clients` is 5,000). */
  streams: 64,
  /** Bytes of one stream message: what every libvirt since 0.8 takes (VIR_NET_MESSAGE_LEGACY_PAYLOAD_MAX, less a margin for its header). */
  streamChunkBytes: 256 * KiB - 64,
  /** A screenshot or another stream that is gathered whole: an 8K frame as PPM is 100 MB; a console is far smaller. */
  gatheredStreamBytes: 64 * MiB,
  /** Events that wait for their consumer. Beyond it they are dropped and a resync is asked for, which costs one list. */
  eventsWaiting: 10_000,
  /** Events given to the consumer in one turn of the event loop, so that a burst does not hold replies back. */
  eventsPerTurn: 64,
  /** Deadline of a quick call. The daemon answers in under a millisecond; seconds mean that a domain's job lock is held. */
  quickTimeoutMs: 10_000,
  /** Deadline of a slow call when its caller names none. */
  slowTimeoutMs: 120_000,
  /** From connect to an opened hypervisor. Cold, QEMU's capabilities are probed first. */
  openTimeoutMs: 15_000,
  /** A ping after this much silence; this many without an answer end the connection. Libvirt's own figures. */
  keepaliveMs: 5_000,
  keepaliveMisses: 3,
  /** What a peer gets to take the last bytes of a connection that ends. */
  closeMs: 1_000,
  /** Reconnect: at once, then full jitter up to the maximum. The socket is local, so a try is cheap. */
  reconnectBaseMs: 50,
  reconnectMaxMs: 5_000,
  /** How long a call that arrives during a reconnect waits for it. */
  reconnectWaitMs: 3_000,
} as const;
