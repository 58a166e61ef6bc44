/** A chart to take along: its lines as a table, or the picture of it. */
import { csvPieces, type NamedLine } from '../lib/csv.ts';

/** Hands a file to the browser to save. */
function save(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // Chromium reads it after this turn.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** What file systems take, for a name made of a run's and a chart's. */
export const fileName = (title: string, ending: string): string =>
  `${
    title
      .replace(/[\\/:*?"<>|\p{Cc}]+/gu, ' ')
      .replace(/\s+/g, ' ')
      .trim()
      .slice(0, 120) || 'chart'
  }.${ending}`;

/** Everything in view, at full resolution. */
export function saveCsv(title: string, xName: string, lines: readonly NamedLine[], from: number, to: number): void {
  save(new Blob([...csvPieces(xName, lines, from, to)], { type: 'text/csv' }), fileName(title, 'csv'));
}

export interface PictureLine {
  readonly label: string;
  readonly color: string;
  readonly dash?: readonly number[];
}

/** The chart as it stands on the screen, with its title above and its lines named below. */
export function savePng(
  title: string,
  canvas: HTMLCanvasElement,
  lines: readonly PictureLine[],
  colors: { readonly surface: string; readonly ink: string; readonly font: string },
): void {
  const ratio = devicePixelRatio;
  const [margin, head, row] = [16 * ratio, 40 * ratio, 22 * ratio];
  const picture = document.createElement('canvas');
  const ctx = picture.getContext('2d');
  if (!ctx) return;
  picture.width = canvas.width + 2 * margin;
  ctx.font = `${12 * ratio}px ${colors.font}`;
  const places: { readonly line: PictureLine; readonly x: number; readonly row: number }[] = [];
  let x = margin;
  let rows = 0;
  for (const line of lines) {
    const width = ctx.measureText(line.label).width + 52 * ratio;
    if (x > margin && x + width > picture.width - margin) {
      x = margin;
      rows++;
    }
    places.push({ line, x, row: rows });
    x += width;
  }
  picture.height = head + canvas.height + (rows + 1) * row + margin;
  ctx.fillStyle = colors.surface;
  ctx.fillRect(0, 0, picture.width, picture.height);
  ctx.fillStyle = colors.ink;
  ctx.textBaseline = 'middle';
  ctx.font = `600 ${15 * ratio}px ${colors.font}`;
  ctx.fillText(title, margin, head / 2, picture.width - 2 * margin);
  ctx.drawImage(canvas, margin, head);
  ctx.font = `${12 * ratio}px ${colors.font}`;
  ctx.lineWidth = 2 * ratio;
  for (const place of places) {
    const y = head + canvas.height + (place.row + 0.5) * row;
    ctx.strokeStyle = place.line.color;
    ctx.setLineDash((place.line.dash ?? []).map((length) => length * ratio));
    ctx.beginPath();
    ctx.moveTo(place.x, y);
    ctx.lineTo(place.x + 26 * ratio, y);
    ctx.stroke();
    ctx.fillText(place.line.label, place.x + 32 * ratio, y);
  }
  picture.toBlob((blob) => blob && save(blob, fileName(title, 'png')), 'image/png');
}
