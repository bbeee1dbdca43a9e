import { describeTools, toolList } from '../src/mcp/tool-list.js';
import { TOOLS } from '../src/tools/index.js';

test('clients are told of the tools that there are (after a change: node scripts/write-schemas.mjs)', () => {
  const described = JSON.parse(JSON.stringify(describeTools(TOOLS))) as unknown;
  expect(toolList()).toEqual(described);
});
