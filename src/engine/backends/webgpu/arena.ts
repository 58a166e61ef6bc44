/** Activations of whichever program runs, in buffers of a page each. Programs of one backend never run at the same time. */
import { usage } from './dawn.ts';
import type { Device } from './device.ts';

/** What a buffer may have at the most, where the card allows more: drivers are at ease below. */
const mostPage = 2 ** 31;

export class Arena {
  readonly page: number;
  /** Rises when buffers are made anew. */
  version = 0;
  readonly #device: Device;
  #pages: GPUBuffer[] = [];
  #bytes = 0;

  constructor(device: Device, most = mostPage) {
    this.#device = device;
    this.page = Math.floor(Math.min(device.device.limits.maxBufferSize, most) / 256) * 256;
  }

  /** Makes room for so many bytes. */
  reserve(bytes: number): void {
    if (bytes <= this.#bytes) return;
    for (const page of this.#pages) page.destroy();
    this.#bytes = bytes;
    this.version += 1;
    this.#pages = Array.from({ length: Math.ceil(bytes / this.page) }, (_, i) =>
      this.#device.buffer(Math.min(this.page, bytes - i * this.page), usage.storage),
    );
  }

  range(start: number, size: number): { buffer: GPUBuffer; offset: number; size: number } {
    const at = Math.floor(start / this.page);
    return { buffer: this.#pages[at], offset: start - at * this.page, size };
  }

  free(): void {
    for (const page of this.#pages) page.destroy();
    this.#pages = [];
    this.#bytes = 0;
  }
}
