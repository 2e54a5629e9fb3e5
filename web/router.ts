// Where the app is: the browser's history is the only state. Links within the app are plain anchors, caught here.
import { placeOf, ROOT, type Place } from "./routes.ts";
import { storeOf } from "./store.ts";

const here = () => placeOf(location.pathname, location.search);
export const place = storeOf<Place>(here());

export function navigate(path: string, replace = false): void {
  if (path !== location.pathname + location.search) history[replace ? "replaceState" : "pushState"](null, "", path);
  place.set(here());
  if (!replace) scrollTo(0, 0);
}

function linkOf(event: MouseEvent): HTMLAnchorElement | null {
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey && !event.defaultPrevented;
  const link = isPlain && event.target instanceof Element ? event.target.closest("a") : null;
  return link && link.target === "" && !link.hasAttribute("download") && link.origin === location.origin ? link : null;
}

export function watchHistory(): void {
  addEventListener("popstate", () => place.set(here()));
  document.addEventListener("click", (event) => {
    const link = linkOf(event);
    if (!link?.pathname.startsWith(ROOT)) return;
    event.preventDefault();
    navigate(link.pathname + link.search);
  });
}
