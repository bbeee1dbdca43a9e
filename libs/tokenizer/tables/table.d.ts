/** A table as text; README.md describes its two forms. */
declare const table: string;
export = table;
