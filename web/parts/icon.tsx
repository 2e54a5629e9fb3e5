// The app's pictograms: strokes in the colour of the text. They say nothing by themselves: a label stands beside or around each.
const PATHS = {
  hosts: "M4 5h16v6H4zM4 13h16v6H4zM8 8h.01M8 16h.01",
  vms: "M4 5h16v11H4zM9 20h6M12 16v4M10 8.5l4 2-4 2z",
  jobs: "M9 6h11M9 12h11M9 18h11M4 6l1 1 2-2M4 12l1 1 2-2M4 18l1 1 2-2",
  chat: "M4 5h16v11H11l-4 4v-4H4z",
  terminals: "M4 5h16v14H4zM7 10l3 2.5L7 15M12.5 15H17",
  more: "M4.5 12a.5.5 0 1 0 1 0a.5.5 0 1 0-1 0M11.5 12a.5.5 0 1 0 1 0a.5.5 0 1 0-1 0M18.5 12a.5.5 0 1 0 1 0a.5.5 0 1 0-1 0",
  keys: "M14 10a4 4 0 1 0-3.5 4L12 15.5h2v2h2v2h3v-3l-5.3-5.3",
  enroll: "M12 5v14M5 12h14",
  audit: "M7 4h10v16H7zM10 8h4M10 12h4M10 16h4",
  usage: "M5 19V11M12 19V5M19 19v-5",
  me: "M12 12a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM5 20c.8-3.5 3.6-5 7-5s6.2 1.5 7 5",
  up: "M15 5l-7 7 7 7",
  next: "M9 6l6 6-6 6",
  copy: "M9 9h11v11H9zM15 9V4H4v11h5",
  stop: "M7 7h10v10H7z",
  send: "M12 19V5M6 11l6-6 6 6",
  close: "M6 6l12 12M18 6L6 18",
  docs: "M6 4h9l4 4v12H6zM15 4v4h4M9 13h6M9 16.5h6",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  reload: "M19 12a7 7 0 1 1-2-5M19 4v4h-4",
} as const;
export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
