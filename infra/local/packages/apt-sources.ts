/** Reads apt's lists of package sources, in both of their formats. Pure: text in, sources out. */

export interface AptSource {
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
  /** A keyring file; undefined when the source names none or holds the key itself. */
  readonly signedBy?: string;
}

/** `deb [signed-by=/a.gpg] http://mirror/debian bookworm main contrib`, one source a line. */
export function parseOneLineSources(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match =
      /^\s*deb\s+(?:\[(?<options>[^\]]*)\]\s*)?(?<uri>\S+)\s+(?<suite>\S+)(?<components>[^#]*)/.exec(line);
    if (match?.groups === undefined) return [];
    const { options = '', uri = '', suite = '', components = '' } = match.groups;
    const signedBy = /(?:^|\s)signed-by=(\S+)/.exec(options)?.[1];
    return [source(uri, suite, words(components), signedBy)];
  });
}

/** deb822: paragraphs of `Field: value`, each standing for all pairs of its URIs and suites. */
export function parseDeb822Sources(text: string): AptSource[] {
  const withoutComments = text.replaceAll(/^#.*\n?/gm, '');
  return withoutComments.split(/\n\s*\n/).flatMap((paragraph) => {
    const fields = fieldsOf(paragraph);
    const isOn = !/^(?:no|false|without|off|disable|0)$/i.test(fields.get('enabled') ?? 'yes');
    if (!isOn || !words(fields.get('types')).includes('deb')) return [];
    const components = words(fields.get('components'));
    return words(fields.get('uris')).flatMap((uri) =>
      words(fields.get('suites')).map((suite) => source(uri, suite, components, fields.get('signed-by'))),
    );
  });
}

/**
 * The mirrors that may hold the distribution itself. Other publishers' sources can look the same; apt finds them
 * out, since they lack the suite or the distribution's signature.
 */
export function archiveMirrors(sources: readonly AptSource[]): AptSource[] {
  const archives = sources.filter(({ suite, components }) => {
    return components.includes('main') && !/-security$|\//.test(suite);
  });
  return [...new Map(archives.map((archive) => [archive.uri, archive])).values()];
}

function source(uri: string, suite: string, components: string[], signedBy: string | undefined): AptSource {
  const keyring = signedBy?.startsWith('/') === true ? { signedBy: signedBy.trim() } : {};
  return { uri, suite, components, ...keyring };
}

function fieldsOf(paragraph: string): Map<string, string> {
  const unfolded = paragraph.replaceAll(/\n[ \t]+/g, ' ');
  return new Map(
    unfolded.split('\n').flatMap((line): [string, string][] => {
      const colon = line.indexOf(':');
      return colon < 0 ? [] : [[line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()]];
    }),
  );
}

function words(text = ''): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}
