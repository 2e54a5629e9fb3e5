// The way around: at the bottom on a phone, at the side on a wide screen, where what hides behind "More" has room.
import { useEffect } from "preact/hooks";
import { healed } from "../api/connection.ts";
import { allHosts, hasHypervisor } from "../api/lookups.ts";
import { isAdmin, mayUse, useMe, type Me } from "../api/session.ts";
import { place } from "../router.ts";
import { pathTo, type ScreenName } from "../routes.ts";
import { useStore } from "../store.ts";
import { Icon, type IconName } from "./icon.tsx";

interface Entry {
  readonly screen: ScreenName;
  readonly icon: IconName;
  readonly title: string;
  /** Screens below it. */
  readonly covers: readonly ScreenName[];
}

const MAIN: readonly Entry[] = [
  {
    screen: "hosts",
    icon: "hosts",
    title: "Hosts",
    covers: ["host", "hostOperations", "run", "hostServices", "hostJobs", "hostTerminals"],
  },
  {
    screen: "vms",
    icon: "vms",
    title: "VMs",
    covers: ["vmNew", "vm", "vmHardware", "vmDisks", "vmNetworks", "vmSnapshots", "vmConsole"],
  },
  { screen: "jobs", icon: "jobs", title: "Jobs", covers: ["job"] },
  { screen: "chat", icon: "chat", title: "Chat", covers: ["conversation"] },
  { screen: "terminals", icon: "terminals", title: "Terminals", covers: ["terminal"] },
];

/** A screen that shows hosts is faster. */
const ASK_MS = 1_500;

/** What the caller may see besides, in the order of the menu. */
export function extraEntries(me: Me): Entry[] {
  const usage: Entry = { screen: "usage", icon: "usage", title: "Usage", covers: [] };
  const who: Entry = { screen: "me", icon: "me", title: "Who am I", covers: [] };
  if (!isAdmin(me)) return [usage, who];
  return [
    { screen: "enroll", icon: "enroll", title: "Add a host", covers: [] },
    { screen: "keys", icon: "keys", title: "API keys", covers: ["keyNew"] },
    { screen: "audit", icon: "audit", title: "Audit log", covers: [] },
    usage,
    who,
  ];
}

const offered = (me: Me, hasVms: boolean, { screen }: Entry) => {
  if (screen === "vms") return hasVms;
  if (screen === "chat") return mayUse(me, "model.use");
  return screen !== "terminals" || mayUse(me, "terminal.watch");
};

function Link({ entry, here, extra = "" }: { readonly entry: Entry; readonly here: ScreenName | null; readonly extra?: string }) {
  const isHere = here !== null && (entry.screen === here || entry.covers.includes(here));
  return (
    <li class={extra}>
      <a href={pathTo(entry.screen)} aria-current={isHere ? "page" : undefined}>
        <Icon name={entry.icon} />
        <span>{entry.title}</span>
      </a>
    </li>
  );
}

/** Asked for by itself only where no screen loads the hosts anyway. */
function useHasVms(isHere: boolean): boolean {
  const known = useStore(hasHypervisor);
  const heals = useStore(healed);
  useEffect(() => {
    if (known !== null) return undefined;
    const stop = new AbortController();
    const timer = setTimeout(() => void allHosts(stop.signal).catch(() => {}), ASK_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [known === null, heals]);
  return isHere || (known ?? false);
}

export function Navigation() {
  const me = useMe();
  const { screen } = useStore(place);
  const extras = extraEntries(me);
  const hasVms = useHasVms(
    screen !== null && MAIN.some((entry) => entry.screen === "vms" && (screen === "vms" || entry.covers.includes(screen))),
  );
  const more: Entry = { screen: "more", icon: "more", title: "More", covers: extras.flatMap((entry) => [entry.screen, ...entry.covers]) };
  return (
    <nav class="navigation" aria-label="Main">
      <p class="brand">Farhand</p>
      <ul>
        {MAIN.filter((entry) => offered(me, hasVms, entry)).map((entry) => (
          <Link key={entry.screen} entry={entry} here={screen} />
        ))}
        <Link entry={more} here={screen} extra="only-narrow" />
        {extras.map((entry) => (
          <Link key={entry.screen} entry={entry} here={screen} extra="only-wide" />
        ))}
      </ul>
    </nav>
  );
}
