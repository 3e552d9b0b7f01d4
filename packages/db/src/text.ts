/** Forms of text that every PostgreSQL and every process agree on. Without imports, so that a browser can load it, too. */

/**
 * The longest run of combining marks that is normalized: that of the Stream-Safe Text Format. No language comes near it,
 * and putting a run in canonical order takes time that grows with the square of its length.
 *
 * @see https://www.unicode.org/reports/tr15/#Stream_Safe_Text_Format
 */
export const MAX_MARKS = 30;
const tooManyMarks = new RegExp(`\\p{M}{${MAX_MARKS + 1}}`, 'u');

/** Characters that show nothing, by their property or because their glyph is blank; a class of a pattern with the flag `u`. */
export const INVISIBLE = String.raw`\p{White_Space}\p{Default_Ignorable_Code_Point}\u2800\ufff9-\ufffb\u{13441}\u{13442}\u{16fe4}\u{1d159}`;
const visible = new RegExp(`[^${INVISIBLE}]`, 'u');

export const hasVisible = (text: string): boolean => visible.test(text);

/** Whether the text can be normalized in linear time. */
export const isStreamSafe = (text: string): boolean => !tooManyMarks.test(text);

/** The text in Unicode Normalization Form C; as it is, where a run of combining marks is longer than `MAX_MARKS`. */
export function normalizeText(text: string): string {
  return isStreamSafe(text) ? text.normalize('NFC') : text;
}

const ASCII = /^[\0-\x7f]*$/;

/**
 * The form in which texts are searched and sorted: without case by Unicode's full case folding, without diacritics on Latin
 * and Greek letters, `ё` as `е`, in NFC. Canonically equivalent texts have the same form, and folding it again changes nothing.
 * At most three times as long as the text in NFC. Takes linear time for text whose runs of marks are bounded, as above.
 *
 * @see https://www.unicode.org/versions/latest/core-spec/chapter-5/#G21180
 */
export function foldText(text: string): string {
  if (ASCII.test(text)) return text.toLowerCase();
  return foldCase(text.normalize('NFD'))
    .normalize('NFD')
    .replace(/([\p{Script=Latin}\p{Script=Greek}])\p{M}+/gu, '$1')
    .replace(/е\p{M}+/gu, (letter) => letter.replaceAll('\u0308', ''))
    .normalize('NFC');
}

/**
 * Lower case before upper case, as ẞ has none but ß becomes SS. Two mappings differ from case folding: ı is no i, and a final
 * sigma is a sigma.
 */
function foldCase(text: string): string {
  const parts = text.toLowerCase().split('ı');
  return parts
    .map((part) => part.toUpperCase().toLowerCase())
    .join('ı')
    .replaceAll('ς', 'σ');
}
