import type { DriftKind } from '../../domain/drift.js';

/** Colours of one scheme, as CSS. */
export interface Palette {
  readonly background: string;
  readonly surface: string;
  readonly ink: string;
  readonly muted: string;
  readonly line: string;
  readonly link: string;
  readonly good: string;
  readonly warn: string;
  readonly bad: string;
  readonly markCached: string;
  readonly markRow: string;
  /** After Okabe and Ito, whom most colour-blind people can follow; darker on white, for contrast of 3:1. */
  readonly kinds: Readonly<Record<DriftKind, string>>;
}

export const LIGHT: Palette = {
  background: '#f6f6f3',
  surface: '#ffffff',
  ink: '#1b1e22',
  muted: '#596069',
  line: '#dfe0db',
  link: '#0b5a9a',
  good: '#0a6b4f',
  warn: '#8a5300',
  bad: '#a63220',
  markCached: '#fbe0d6',
  markRow: '#d6e8fa',
  kinds: {
    stale: '#0b62a8',
    orphan: '#c07000',
    secondary_key_moved: '#00795a',
    unparseable: '#ad4f8c',
    missing: '#3a8fbf',
    type_mismatch: '#b13a00',
  },
};

export const DARK: Palette = {
  background: '#121416',
  surface: '#1a1d20',
  ink: '#e9ebed',
  muted: '#9ea6ae',
  line: '#31363b',
  link: '#7cb8ec',
  good: '#58c9a0',
  warn: '#e8ad4c',
  bad: '#f08d78',
  markCached: '#5b2d21',
  markRow: '#1f4468',
  kinds: {
    stale: '#4ea3e6',
    orphan: '#e69f00',
    secondary_key_moved: '#25b88c',
    unparseable: '#d98ab9',
    missing: '#8fd0f5',
    type_mismatch: '#ee7733',
  },
};

/** Each kind has a texture as well as a colour, in charts and in the tables' keys. */
export const TEXTURES = {
  stale: 'solid',
  orphan: 'rising',
  secondary_key_moved: 'falling',
  unparseable: 'dots',
  missing: 'lines',
  type_mismatch: 'crossed',
} as const satisfies Record<DriftKind, string>;
