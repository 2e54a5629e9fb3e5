// Says that the connection is lost, for as long as it is.
import { connection, retryNow } from "../api/connection.ts";
import { useStore } from "../store.ts";

export function Banner() {
  const state = useStore(connection);
  return (
    <div role="status" aria-live="polite">
      {state === "lost" && (
        <p class="banner">
          <span>No connection: what you see may be old.</span>
          <button class="plain" onClick={retryNow}>
            Try now
          </button>
        </p>
      )}
    </div>
  );
}
