import { a } from './a';
import b = require('b');

/** Draws. */
export function plain<T>(
  first: T,
  second: number,
): T {
  const local = 1;
  function inner() {}
  return first;
}

@sealed
export abstract class Shape<T> extends Base implements Drawn {
  static #count = 0;
  private secret = 'x';
  name: string = 'ü';
  constructor(private readonly id: number, plain: string) {
    super();
  }
  @log({ deep: ')' })
  async area(scale: number): Promise<number> {
    return this.name.length * scale;
  }
  get size() { return Shape.#count; }
  abstract draw(target: Canvas): void;
  handler = () => this.area(2);
}

interface Point { x: number; move(by: Point): void }
type Id = string | number;
export type Options = { readonly deep: boolean };
export enum Color { Red, Green = 'green' }
export namespace Inner {
  export const deep = 1;
  const hidden = 2;
}
declare module 'other' {
  export function outside(): void;
}
export const arrow = async (x: number) => {
  const nested = x;
  return nested;
}, second = 2;
const LIMIT = 5;
let counter: number;
const fs = require('fs');
const { destructured } = arrow;
const api = {
  get: function () {},
  put(key: string) { return key; },
};
if (LIMIT > 4) {
  const blocked = 1;
}
describe('x', () => {
  const ignored = 1;
  function seen() {}
});
export { LIMIT, Point as Dot };
export default class { run() {} }
