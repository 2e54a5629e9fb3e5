// The way around: at the bottom on a phone, at the side on a wide screen, where what hides behind "More" has room.
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
  { screen: "jobs", icon: "jobs", title: "Jobs", covers: ["job"] },
  { screen: "chat", icon: "chat", title: "Chat", covers: ["conversation"] },
  { screen: "terminals", icon: "terminals", title: "Terminals", covers: ["terminal"] },
];

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

const offered = (me: Me, { screen }: Entry) => {
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

export function Navigation() {
  const me = useMe();
  const { screen } = useStore(place);
  const extras = extraEntries(me);
  const more: Entry = { screen: "more", icon: "more", title: "More", covers: extras.flatMap((entry) => [entry.screen, ...entry.covers]) };
  return (
    <nav class="navigation" aria-label="Main">
      <p class="brand">Farhand</p>
      <ul>
        {MAIN.filter((entry) => offered(me, entry)).map((entry) => (
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
