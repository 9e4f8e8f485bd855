/** What the YAML parser reports, with offsets into the text; the names of the parser's library stay out of here. */
export type YamlToken = ScalarToken | OpenToken | AliasToken | DocumentToken | EndToken;

/** What a node may carry in front: `&anchor` and `!tag`. */
export interface NodeMarks {
  readonly anchor?: string;
  /** As written; the long form of `!!x` as `!!x`. */
  readonly tag?: string;
}

export interface ScalarToken extends NodeMarks {
  readonly kind: 'scalar';
  readonly text: string;
  /** Unquoted and no block. */
  readonly plain: boolean;
  /** -1 for a value that is not written at all. */
  readonly start: number;
  /** Behind the last character; -1 for blocks and values that are not written. */
  readonly end: number;
}

/** A list or mapping begins; it ends with the matching {@link EndToken}. */
export interface OpenToken extends NodeMarks {
  readonly kind: 'list' | 'map';
  readonly start: number;
}

export interface AliasToken {
  readonly kind: 'alias';
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

export interface DocumentToken {
  readonly kind: 'document';
}

export interface EndToken {
  readonly kind: 'end';
}

/** The YAML cannot be read any further; `offset` is where. */
export class YamlStop extends Error {
  readonly offset: number;
  readonly hint: string;

  constructor(offset: number, message: string, hint: string) {
    super(message);
    this.offset = offset;
    this.hint = hint;
  }
}
