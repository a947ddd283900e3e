// The Huffman code of HPACK (RFC 7541, appendix B). It is canonical: of each length the codes count
// up in the order of the symbols, so that the lengths alone say what it is.
import { ConnectionError, ErrorCode } from './protocol';

/** Bits of the code of each byte 0 to 255, and of the end of the text. */
const CODE_BITS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
  28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5,
  6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6,
  7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23,
  23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22,
  22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22,
  23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27,
  27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25,
  24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];
const END_OF_TEXT = 256;
/** The rest of the last byte is filled with the first bits of the end's code, all ones. */
const MAX_PADDING_BITS = 7;

const bitsOf = (symbol: number): number => CODE_BITS[symbol] ?? 0;

/** A node: what follows on a 0 and on a 1. Below zero: the symbol -n - 1. */
type Node = [number, number];
const ROOT = 0;
const NODES = treeOf(CODE_BITS.length);

function treeOf(symbols: number): readonly Node[] {
  const nodes: Node[] = [[ROOT, ROOT]];
  const byCode = [...Array(symbols).keys()].sort((a, b) => bitsOf(a) - bitsOf(b) || a - b);
  let code = 0;
  let bits = 0;
  for (const symbol of byCode) {
    code *= 2 ** (bitsOf(symbol) - bits);
    bits = bitsOf(symbol);
    insert(nodes, code, bits, symbol);
    code++;
  }
  return nodes;
}

function insert(nodes: Node[], code: number, bits: number, symbol: number): void {
  let at = ROOT;
  for (let left = bits - 1; left > 0; left--) {
    const node = nodes[at] as Node;
    const bit = Math.floor(code / 2 ** left) % 2;
    if (node[bit] === ROOT) node[bit] = nodes.push([ROOT, ROOT]) - 1;
    at = node[bit] as number;
  }
  (nodes[at] as Node)[code % 2] = -symbol - 1;
}

// Four bits at a time: no code is shorter, so that a step ends one symbol at most.
const STEP_BITS = 4;
const STEPS = 2 ** STEP_BITS;
const NODE_SHIFT = 16;
const HAS_SYMBOL = 0x100;
const IS_END_OF_TEXT = 0x200;
/** By node and four bits: the node after them, and the symbol that ended among them. */
const TABLE = Uint32Array.from({ length: NODES.length * STEPS }, (_, index) =>
  stepOf(Math.floor(index / STEPS), index % STEPS),
);

function stepOf(node: number, bits: number): number {
  let at = node;
  let ended = 0;
  for (let shift = STEP_BITS - 1; shift >= 0; shift--) {
    at = (NODES[at] as Node)[(bits >> shift) & 1] as number;
    if (at >= 0) continue;
    const symbol = -at - 1;
    ended = symbol === END_OF_TEXT ? IS_END_OF_TEXT : HAS_SYMBOL | symbol;
    at = ROOT;
  }
  return (at << NODE_SHIFT) | ended;
}

/** Where a text may end: after a symbol, or up to seven ones into the end's code. */
const FINAL_NODES = finalNodes();

function finalNodes(): ReadonlySet<number> {
  const nodes = new Set([ROOT]);
  let at = ROOT;
  for (let bits = 0; bits < MAX_PADDING_BITS; bits++) {
    at = (NODES[at] as Node)[1];
    nodes.add(at);
  }
  return nodes;
}

/** The shortest code has five bits. */
const MAX_SYMBOLS_A_BYTE = 8 / 5;

/** Throws COMPRESSION_ERROR where the bits are no text, or are padded wrongly. */
export function huffmanText(bytes: Buffer, start: number, end: number): string {
  const text = Buffer.allocUnsafe(Math.ceil((end - start) * MAX_SYMBOLS_A_BYTE));
  let length = 0;
  let node = ROOT;
  for (let index = start; index < end; index++) {
    const byte = bytes.readUInt8(index);
    for (const bits of [byte >> STEP_BITS, byte % STEPS]) {
      const step = TABLE[node * STEPS + bits] ?? IS_END_OF_TEXT;
      if (step & IS_END_OF_TEXT) throw wrong();
      if (step & HAS_SYMBOL) text[length++] = step; // Its lowest byte.
      node = step >>> NODE_SHIFT;
    }
  }
  if (!FINAL_NODES.has(node)) throw wrong();
  return text.toString('latin1', 0, length);
}

const wrong = (): ConnectionError =>
  new ConnectionError(ErrorCode.COMPRESSION_ERROR, 'a text that is not in the Huffman code');
