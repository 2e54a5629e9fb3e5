// The frame of one screen: its title, the way up, what one can do here.
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Icon } from "./icon.tsx";

interface ScreenProps {
  readonly title: string;
  /** Address of the screen above, and what it is called. */
  readonly up?: readonly [path: string, title: string];
  readonly aside?: ComponentChildren;
  /** Uses the whole height and scrolls inside by itself; on a phone, with a way up, also the room of the navigation. */
  readonly isFull?: boolean;
  readonly children: ComponentChildren;
}

export function Screen({ title, up, aside, isFull = false, children }: ScreenProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Farhand`;
    // A screen reader hears where it is; not at the first load, where the page itself is announced.
    if (document.activeElement === null || document.activeElement === document.body) heading.current?.focus({ preventScroll: true });
  }, [title]);
  return (
    <main class={`screen${isFull ? " full" : ""}${isFull && up ? " deep" : ""}`} id="main">
      <header class="bar">
        {up && (
          <a class="icon-button" href={up[0]} aria-label={`Up to ${up[1]}`}>
            <Icon name="up" />
          </a>
        )}
        <h1 tabIndex={-1} ref={heading}>
          {title}
        </h1>
        {aside && <div class="bar-aside">{aside}</div>}
      </header>
      {children}
    </main>
  );
}
