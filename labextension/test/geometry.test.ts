import { bodyHeight, columnWindow, offsetsOf, rowWindow, scrollTo } from '../src/geometry';

test('few rows are drawn of many, and those that are seen are among them', () => {
  const rows = 100_000;
  for (const row of [0, 1, 777, 50_000, rows - 1]) {
    const top = scrollTo(row, rows, 0, 480);
    const seen = rowWindow(rows, top, 480);
    expect(seen.first).toBeLessThanOrEqual(row);
    expect(seen.stop).toBeGreaterThan(row);
    expect(seen.stop - seen.first).toBeLessThanOrEqual(40);
  }
});

test('a list that is taller than browsers allow still reaches its last row', () => {
  const rows = 10_000_000;
  expect(bodyHeight(rows)).toBe(8_000_000);
  const end = rowWindow(rows, bodyHeight(rows) - 480, 480);
  expect(end.stop).toBe(rows);
  const drawn = (end.stop - end.first) * 24;
  expect(Math.abs(end.top + drawn - bodyHeight(rows))).toBeLessThan(1);
});

test('a row that is seen already moves nothing', () => {
  expect(scrollTo(3, 100, 48, 480)).toBe(48);
  expect(scrollTo(0, 100, 48, 480)).toBe(0);
  expect(scrollTo(30, 100, 0, 480)).toBe(31 * 24 - 480);
});

test('columns are those between two edges, and one more on each side', () => {
  const offsets = offsetsOf([100, 50, 200, 80], 40);
  expect(offsets).toEqual([40, 140, 190, 390, 470]);
  expect(columnWindow(offsets, 150, 180)).toEqual([0, 3]);
  expect(columnWindow(offsets, 0, 10_000)).toEqual([0, 4]);
  expect(columnWindow(offsetsOf([], 40), 0, 100)).toEqual([0, 0]);
});
