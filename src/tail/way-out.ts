/** How to go on where the stored position leads nowhere, without leaving a stale key. */
export const GIVE_POSITION_UP =
  'run `unstale run --reset-position` once, and empty the mapped cache keys after it says that it is reading.';
