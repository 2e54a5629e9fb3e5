// Reads a text screen off the canvas of a console. The guest writes the alphabet into the first row: that is the font. Everything
// else on the screen is what equals its letters, pixel by pixel.
import type { Page } from "playwright-core";

export const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
const COLUMNS = 80;
const ROWS = 25;

/** Each cell of 80 × 25 as its pixels, bright or not; null: there is no picture yet. */
export async function cellsOf(page: Page): Promise<string[][] | null> {
  return await page.evaluate(
    ([columns, rows]) => {
      const canvas = document.querySelector<HTMLCanvasElement>(".screen-box canvas");
      if (!canvas || canvas.width < columns! || canvas.height < rows!) return null;
      const [width, height] = [Math.floor(canvas.width / columns!), Math.floor(canvas.height / rows!)];
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      const isBright = (x: number, y: number) => {
        const at = (y * canvas.width + x) * 4;
        return data[at]! + data[at + 1]! + data[at + 2]! > 250;
      };
      return Array.from({ length: rows! }, (_row, row) =>
        Array.from({ length: columns! }, (_column, column) => {
          let cell = "";
          for (let y = 0; y < height; y++)
            for (let x = 0; x < width; x++) cell += isBright(column * width + x, row * height + y) ? "#" : ".";
          return cell;
        }),
      );
    },
    [COLUMNS, ROWS],
  );
}

/** The letters by their pixels, out of the first row. Empty where it does not hold the alphabet: letters differ and are not blank. */
export function fontOf(cells: readonly (readonly string[])[]): ReadonlyMap<string, string> {
  const row = cells[0]!.slice(0, ALPHABET.length);
  if (new Set(row).size < ALPHABET.length || row.some((cell) => !cell.includes("#"))) return new Map();
  return new Map(row.map((cell, index) => [cell, ALPHABET[index]!]));
}

export const textOf = (cells: readonly (readonly string[])[], font: ReadonlyMap<string, string>): string[] =>
  cells.map((row) =>
    row
      .map((cell) => (cell.includes("#") ? (font.get(cell) ?? "?") : " "))
      .join("")
      .trimEnd(),
  );
