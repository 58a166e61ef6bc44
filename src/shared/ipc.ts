/** Names of Electron's IPC channels; the only ones there are. */
export const channels = {
  /** Window → application: (method, input), answered as the dispatcher answers. */
  call: 'meander:call',
  /** Application → window: an AppEvent. */
  event: 'meander:event',
} as const;
