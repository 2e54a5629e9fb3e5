// Every quantity that a peer or a caller controls has its bound here, with the reason. Bytes, milliseconds, counts.

const KiB = 1024;
const MiB = 1024 * KiB;

export const LIMITS = {
  /** Body of a control-plane request. A job request is small; files travel by channel. */
  requestBodyBytes: 256 * KiB,
  /** JSON control message on the link. Holds one job request with its secrets, or one hello. */
  controlMessageBytes: 1 * MiB,
  /** One binary message on the link (any number of frames). workerd accepts 32 MiB; this bounds what one message pins. */
  binaryMessageBytes: 1 * MiB + 64 * KiB,
  /** One frame's payload: the window, so that a whole window may travel in one frame. */
  frameBytes: 256 * KiB,
  /** Frames in one binary message. A frame of no bytes costs 18; this bounds the work one message can cause. */
  framesPerMessage: 4096,
  /** Unacknowledged bytes of a channel. Bounds memory on both sides for a slow reader. */
  windowBytes: 256 * KiB,
  /** The same for a job's channel: larger than its largest record, because only whole records become durable. */
  jobWindowBytes: 1 * MiB,
  /** Lanes that one host may open: each is a socket and an object. */
  lanes: 8,
  /** Channels open at once on one lane. With two windows each, this bounds what the relay holds. */
  channelsPerLane: 256,
  /** An open's or a head's JSON: a request line, headers, no body. Node's own limit on headers is 16 KiB. */
  headBytes: 48 * KiB,
  headersPerHead: 128,
  /** A lane's acknowledgement goes out each time this much was taken. */
  ackEveryBytes: 64 * KiB,
  /** How long a producer runs while nobody reads it (no link, or no attach after one). */
  detachMs: 30_000,
  /** How long a lane's object that just began waits for readers of channels that it does not know. */
  laneGraceMs: 5_000,
  /** Ended channels that the relay keeps for a reader that attaches again: for how long, and how many. */
  lingerMs: 10_000,
  lingerChannels: 256,
  /** From an open to the relay's first word, beside what the upstream takes: a lane that is not there must not hold a client. */
  laneOpenMs: 10_000,
  /** A request body that is passed on to a service or a model. Cloudflare's own limit is 100 MB on its smaller plans. */
  passedBodyBytes: 100 * MiB,
  /** How far into a body the model's name is looked for. */
  modelScanBytes: 1 * MiB,
  modelChars: 256,
  /** One message of a WebSocket that is passed through, or of a terminal: with its header it fits a window. */
  socketMessageBytes: 128 * KiB,
  /** Messages of all clients' sockets on one lane that wait for their windows: the platform cannot hold a client back. */
  socketsWaitingBytes: 16 * MiB,
  /** Services that one relay may declare or find, models that one service may list, routes that one may allow. */
  services: 32,
  modelsPerService: 200,
  serviceRoutes: 100,
  /** Connecting to an upstream on the same machine or network. */
  upstreamConnectMs: 900,
  /** A terminal's ticket. */
  terminalTicketMs: 30_000,
  terminals: 64,
  terminalColumns: 500,
  terminalRows: 300,
  terminalTitleChars: 200,
  /** People who look at one terminal at once: each holds up to a window of output. */
  terminalViewers: 32,
  /** Open tickets of one host: anyone who may watch makes them. The oldest go. */
  terminalTickets: 256,
  /** Of these one principal's. */
  terminalTicketsEach: 32,
  /** One terminal.send. */
  terminalSendBytes: 64 * KiB,
  /** Text of one terminal.capture: JSON may grow it sixfold. */
  terminalCaptureBytes: 64 * KiB,
  /** Lines above the screen that a terminal may keep; a host's file says how many it does. */
  terminalScrollback: 50_000,
  /** One file that terminal.save or terminal.record writes. */
  terminalFileBytes: 64 * MiB,
  /** Recordings at once. */
  terminalRecordings: 16,
  /** Storage classes, networks and images that one relay may declare, of each. */
  vmResources: 64,
  /** Virtual machines of one host, of one inventory message, and how often the relay tells changes after the first. */
  inventory: 2_000,
  inventoryItems: 100,
  inventoryReportMs: 1_000,
  /** Rows of machines that a relay may have written: at once (everything anew, twice over), and per second. Each is billed. */
  inventoryRowsAtOnce: 6_000,
  inventoryRowsPerSecond: 200,
  /** People at the consoles of one host at once. */
  consoles: 32,
  /** Usage: rows of one report of a relay, how often it reports, and days that the Fleet keeps. */
  usageRows: 500,
  usageReportMs: 2_000,
  usageDays: 400,
  /** Rows that one Host object keeps (a day or two), and all that the Fleet keeps: a relay names principals and models as it likes. */
  usageRowsPerHost: 10_000,
  usageRowsKept: 1_000_000,
  /** Beginnings of records that one Host object holds for all its jobs; more closes the socket. */
  partialRecordsBytes: 32 * MiB,
  /** One record on a job channel (an event, or a piece of output). A result carries two tails of 64 KiB, which JSON may grow sixfold. */
  recordBytes: 960 * KiB,
  /** Bytes that the relay gathers before it sends a batch of output, and the longest wait. */
  logBatchBytes: 64 * KiB,
  logBatchMs: 50,
  /** Output that the edge keeps of a job: the first and the last of these many bytes. */
  edgeOutputHeadBytes: 1 * MiB,
  edgeOutputTailBytes: 1 * MiB,
  /** Everything that the edge keeps for one host, before the oldest ended jobs go. */
  edgeHostBytes: 1024 * MiB,
  /** Output of one job that the relay's spool keeps; more is counted, marked and dropped. */
  spoolJobBytes: 64 * MiB,
  /** One answer to a spool read. */
  spoolReadBytes: 256 * KiB,
  /** The tail of each stream in a command's result. */
  resultTailBytes: 64 * KiB,
  /** Ended jobs kept by a Host object, by age and by number. */
  jobRetentionMs: 30 * 24 * 3600_000,
  jobRetentionCount: 10_000,
  /** Rows of the Fleet's index of all jobs, and audit records that it keeps (its own, and those of hosts): bounds its database (10 GB on Cloudflare). */
  indexedJobs: 1_000_000,
  auditRecords: 2_000_000,
  /** Jobs waiting for one host. A queue beyond this is a mistake, answered 429. */
  queuedJobs: 1_000,
  /** Jobs that one fan-out may make. */
  fanOutHosts: 500,
  /** How long a job waits for its host, unless the caller says otherwise, and the most it may say. */
  jobTtlMs: 15 * 60_000,
  jobTtlMaxMs: 7 * 24 * 3600_000,
  /** Longest run of any operation. */
  jobTimeoutMaxMs: 24 * 3600_000,
  /** From cancel or deadline to a process tree that is gone. */
  cancelGraceMs: 5_000,
  /** A call is answered at once or not at all. */
  callTimeoutMs: 30_000,
  callsInFlight: 256,
  /** `Prefer: wait`. */
  waitMaxMs: 60_000,
  /** Idle event streams end; `Last-Event-ID` continues. */
  eventStreamIdleMs: 5 * 60_000,
  eventStreamsPerHost: 256,
  /** From the socket's opening to a verified hello. */
  handshakeMs: 10_000,
  /** Heartbeat: an idle socket costs nothing because the platform answers (PLATFORM 7.3). */
  heartbeatMs: 25_000,
  heartbeatDeadMs: 60_000,
  /** A probe that reaches the object, because the platform's answer proves nothing about it. */
  probeMs: 5 * 60_000,
  /** Reconnect: full jitter up to this; one attempt per `refusedRetryMs` after `refusalsBeforeSlow` HTTP refusals. */
  reconnectMaxMs: 10_000,
  reconnectBaseMs: 250,
  refusedRetryMs: 30_000,
  refusalsBeforeSlow: 5,
  /** Sockets that have not said hello, on one Host object. */
  handshakesPerHost: 8,
  /** Slots that a relay may advertise. */
  slots: 256,
  /** Enrolment codes and sign-in codes. */
  enrollmentTtlMs: 3600_000,
  enrollmentTtlDefaultMs: 15 * 60_000,
  signInTtlMs: 10 * 60_000,
  sessionTtlMs: 30 * 24 * 3600_000,
  sessionsPerPrincipal: 50,
  /** Open sign-in links of one principal: anyone with a credential may make them. The oldest go. */
  signInCodesPerPrincipal: 20,
  /** All sessions together: each isolate holds a copy of them. The oldest go. */
  sessions: 10_000,
  openCodes: 1_000,
  keys: 1_000,
  grants: 5_000,
  hosts: 10_000,
  /** The Worker's copy of the Fleet's access data: fresh for this long, refreshed ahead, served stale while the Fleet is silent. */
  snapshotRefreshMs: 2_000,
  snapshotFreshMs: 4_000,
  snapshotStaleMs: 30_000,
  /** Commands that one relay may declare, and inputs of one command. */
  commands: 256,
  inputs: 64,
  inputBytes: 16 * KiB,
  argvItems: 1_024,
  /** Linux: one argument may be 128 KiB (MAX_ARG_STRLEN), with its NUL. */
  argBytes: 128 * KiB - 1,
  stdinBytes: 128 * KiB,
  /** List pages. */
  pageItems: 200,
  pageItemsDefault: 50,
  /** Names. */
  nameChars: 63,
  labelChars: 63,
  labels: 32,
  noteChars: 1_000,
  correlationIdChars: 128,
  idempotencyKeyChars: 255,
  annotations: 16,
  annotationChars: 256,
  messageChars: 2_000,
  /** Idempotency keys are remembered this long. */
  idempotencyMs: 24 * 3600_000,
} as const;
