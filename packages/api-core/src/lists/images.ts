import { toJson } from '../kit/sql';
import { fields } from './queries';

/** A list as the journal keeps it. */

export const listImage = toJson(fields);
const imageTypes = { name: 'text', position: 'text', created_at: 'timestamptz' };
/** Such JSON as a record. */
export const imageRecord = Object.entries(imageTypes)
  .map(([name, type]) => `${name} ${type}`)
  .join(', ');
/** The columns that are written from such a record, which is named `image`. */
export const imageColumns = Object.fromEntries(Object.keys(imageTypes).map((column) => [column, `image.${column}`]));
