// The whole page: who is signed in, the way around, the connection's state, and the screen that the address names.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { connection, healed, watchNetwork } from "./api/connection.ts";
import { loadSession, session } from "./api/session.ts";
import { Banner } from "./parts/banner.tsx";
import { Navigation } from "./parts/navigation.tsx";
import { Screen } from "./parts/screen.tsx";
import { Empty, Failure, Loading } from "./parts/states.tsx";
import { place, watchHistory } from "./router.ts";
import { ROOT, type Params, type ScreenName } from "./routes.ts";
import { Audit } from "./screens/audit.tsx";
import { Enroll } from "./screens/enroll.tsx";
import { HostJobs, HostOperations, HostOverview, HostServices, HostTerminals } from "./screens/host.tsx";
import { Hosts } from "./screens/hosts.tsx";
import { JobScreen } from "./screens/job.tsx";
import { Jobs } from "./screens/jobs.tsx";
import { KeyNew } from "./screens/key-new.tsx";
import { Keys } from "./screens/keys.tsx";
import { MeScreen } from "./screens/me.tsx";
import { More } from "./screens/more.tsx";
import { Run } from "./screens/run.tsx";
import { Terminals } from "./screens/terminals.tsx";
import { Usage } from "./screens/usage.tsx";
import { useStore } from "./store.ts";

export interface ScreenProps {
  readonly params: Params;
  readonly query: URLSearchParams;
}
type ScreenComponent = ComponentType<ScreenProps>;

/** Screens that bring a library, and those of virtual machines, are loaded when they are used. */
const later = {
  chat: async (): Promise<ScreenComponent> => (await import("./chat/chat.tsx")).Chat,
  terminal: async (): Promise<ScreenComponent> => (await import("./terminal/terminal.tsx")).TerminalScreen,
  vms: async (): Promise<ScreenComponent> => (await import("./screens/vms.tsx")).Vms,
  vmNew: async (): Promise<ScreenComponent> => (await import("./screens/vm-new.tsx")).VmNew,
  vm: async (): Promise<ScreenComponent> => (await import("./screens/vm.tsx")).VmScreen,
  vmConsole: async (): Promise<ScreenComponent> => (await import("./vm/console.tsx")).VmConsole,
};

function Later({ part, ...props }: ScreenProps & { readonly part: keyof typeof later }) {
  const [loaded, setLoaded] = useState<{ Found: ScreenComponent } | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const [turn, setTurn] = useState(0);
  const heals = useStore(healed);
  useEffect(() => {
    let isGone = false;
    setError(null);
    later[part]().then(
      (Found) => isGone || setLoaded({ Found }),
      (error: unknown) => isGone || setError(error as Error),
    );
    return () => void (isGone = true);
  }, [part, turn, heals]);
  if (loaded) return <loaded.Found {...props} />;
  return <Screen title="Farhand">{error ? <Failure error={error} retry={() => setTurn(turn + 1)} /> : <Loading />}</Screen>;
}

const VmLater: ScreenComponent = (props) => <Later part="vm" {...props} />;

const SCREENS: Record<ScreenName, ScreenComponent> = {
  hosts: Hosts,
  host: HostOverview,
  hostOperations: HostOperations,
  run: Run,
  hostServices: HostServices,
  hostJobs: HostJobs,
  hostTerminals: HostTerminals,
  terminal: (props) => <Later part="terminal" {...props} />,
  vms: (props) => <Later part="vms" {...props} />,
  vmNew: (props) => <Later part="vmNew" {...props} />,
  vm: VmLater,
  vmHardware: VmLater,
  vmDisks: VmLater,
  vmNetworks: VmLater,
  vmSnapshots: VmLater,
  vmConsole: (props) => <Later part="vmConsole" {...props} />,
  jobs: Jobs,
  job: JobScreen,
  chat: (props) => <Later part="chat" {...props} />,
  conversation: (props) => <Later part="chat" {...props} />,
  terminals: Terminals,
  more: More,
  keys: Keys,
  keyNew: KeyNew,
  enroll: Enroll,
  audit: Audit,
  usage: Usage,
  me: MeScreen,
};

/** Screens that are parts of one: what it has loaded stays from one to the other. */
function keyOf(screen: ScreenName, params: Params): string {
  if (screen === "conversation") return "chat ";
  return `${SCREENS[screen] === VmLater ? "vm" : screen} ${JSON.stringify(params)}`;
}

function Current() {
  const { screen, params, query } = useStore(place);
  if (screen === null)
    return (
      <Screen title="Not here">
        <Empty title="There is no such page.">
          <a class="button" href={ROOT}>
            To the hosts
          </a>
        </Empty>
      </Screen>
    );
  const Shown = SCREENS[screen];
  // Another host or job is another screen: nothing of the one before may be shown for a moment.
  return <Shown key={keyOf(screen, params)} params={params} query={query} />;
}

function SignedOut() {
  return (
    <Screen title="Signed out">
      <Empty title="Your session has ended.">
        <p>Open a new sign-in link, or sign in again as you did before.</p>
        <button onClick={() => location.reload()}>Sign in</button>
      </Empty>
    </Screen>
  );
}

export function App() {
  const me = useStore(session);
  const state = useStore(connection);
  const heals = useStore(healed);
  const [error, setError] = useState<Error | null>(null);
  useEffect(() => {
    watchNetwork();
    watchHistory();
  }, []);
  const load = () => {
    setError(null);
    loadSession().catch((error: unknown) => setError(error as Error));
  };
  useEffect(load, [heals]);
  if (state === "signed-out") return <SignedOut />;
  if (!me) return <Screen title="Farhand">{error ? <Failure error={error} retry={load} /> : <Loading />}</Screen>;
  return (
    <div class="page">
      <a class="skip" href="#main">
        To the content
      </a>
      <Navigation />
      <div class="content">
        <Banner />
        <Current />
      </div>
    </div>
  );
}
