// On a phone: what has no room at the bottom.
import { useMe } from "../api/session.ts";
import { Icon } from "../parts/icon.tsx";
import { extraEntries } from "../parts/navigation.tsx";
import { Screen } from "../parts/screen.tsx";
import { pathTo } from "../routes.ts";

export function More() {
  const me = useMe();
  return (
    <Screen title="More">
      <ul class="rows menu">
        {extraEntries(me).map(({ screen, icon, title }) => (
          <li key={screen}>
            <a class="row" href={pathTo(screen)}>
              <Icon name={icon} />
              <strong>{title}</strong>
              <Icon name="next" />
            </a>
          </li>
        ))}
        <li>
          <a class="row" href="/docs" target="_blank" rel="noreferrer">
            <Icon name="docs" />
            <strong>Interface</strong>
            <span class="soft small">for programs</span>
          </a>
        </li>
      </ul>
    </Screen>
  );
}
