// Pasting into a terminal: from the clipboard, or through a field where the browser gives none.
import { useState } from "preact/hooks";
import { TextField } from "../forms/field.tsx";
import { Dialog } from "../parts/dialog.tsx";

/** null: the browser does not give it. */
async function readClipboard(): Promise<string | null> {
  try {
    return isSecureContext ? await navigator.clipboard.readText() : null;
  } catch {
    return null;
  }
}

function PasteDialog({ onPaste, onClose }: { readonly onPaste: (text: string) => void; readonly onClose: () => void }) {
  const [text, setText] = useState("");
  return (
    <Dialog title="Paste" onClose={onClose}>
      <TextField label="Text for the terminal" isCode rows={5} value={text} onInput={setText} />
      <div class="buttons">
        <button onClick={() => onPaste(text)}>Paste</button>
        <button class="plain" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}

/** `dialog` takes the text by hand where the browser gives no clipboard. */
export function usePasting(paste: (text: string) => void) {
  const [isByHand, setIsByHand] = useState(false);
  const start = async () => {
    const text = await readClipboard();
    if (text === null) setIsByHand(true);
    else paste(text);
  };
  const take = (text: string) => {
    setIsByHand(false);
    paste(text);
  };
  const dialog = isByHand && <PasteDialog onClose={() => setIsByHand(false)} onPaste={take} />;
  return { start: () => void start(), dialog };
}
