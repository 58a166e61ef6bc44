/** The readout that follows the pointer over a chart. */
import type uPlot from 'uplot';
import classes from './chart.module.css';
import type { ChartLine } from './chart.tsx';
import { type ChartMarker, markersAt } from './chart-markers.ts';

interface Texts {
  readonly lines: readonly ChartLine[];
  readonly markers: readonly ChartMarker[];
  readonly formatX: (x: number) => string;
  readonly formatY: (y: number) => string;
}

/** Fills and places the readout, or hides it when the pointer is elsewhere. */
export function showTip(u: uPlot, tip: HTMLElement, { lines, markers, formatX, formatY }: Texts): void {
  const { idx, left = -1, idxs } = u.cursor;
  if (idx === null || idx === undefined || left < 0) {
    tip.style.display = 'none';
    return;
  }
  const rows: HTMLElement[] = [element('div', formatX(u.data[0][idx]))];
  lines.forEach((line, i) => {
    if (line.tip === false) return;
    const at = idxs?.[i + 1];
    const y = at === null || at === undefined ? null : u.data[i + 1]?.[at];
    if (y === null || y === undefined) return;
    const row = element('div');
    row.className = classes.row;
    const swatch = element('span');
    swatch.className = classes.swatch;
    swatch.style.borderColor = `var(${line.color})`;
    if (line.dash) swatch.style.borderTopStyle = 'dashed';
    const value = element('span', formatY(y));
    value.className = classes.value;
    row.append(swatch, element('span', line.label), value);
    rows.push(row);
  });
  for (const { text } of markersAt(u, markers, left)) {
    const row = element('div', text);
    row.className = classes.event;
    rows.push(row);
  }
  tip.replaceChildren(...rows);
  tip.style.display = 'block';
  const offset = u.over.offsetLeft;
  const beyond = left + tip.offsetWidth + 24 > u.over.clientWidth;
  tip.style.left = `${offset + (beyond ? left - tip.offsetWidth - 14 : left + 14)}px`;
}

function element(tag: 'div' | 'span', text = ''): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}
