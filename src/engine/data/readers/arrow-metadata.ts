/** The lists in Arrow's metadata, counted before they are decoded: the library believes any length that stands there. */
import { DictionaryBatch } from 'apache-arrow/fb/dictionary-batch';
import type { Field } from 'apache-arrow/fb/field';
import { Message } from 'apache-arrow/fb/message';
import { MessageHeader } from 'apache-arrow/fb/message-header';
import { RecordBatch } from 'apache-arrow/fb/record-batch';
import { Schema } from 'apache-arrow/fb/schema';
import { ByteBuffer } from 'flatbuffers';
import { broken } from './bytes.ts';

/** Rows of a batch, and items of its lists: far more than fit into the bytes that are read of one. */
const mostRows = 1n << 26n;
/** Fields within fields. */
const deepest = 64;

/** @throws UserError 'source-broken' where it lists more than it has room for; RangeError where it points outside */
export function checkMetadata(bytes: Uint8Array): void {
  // The shortest item of a list takes four bytes; a list that is named twice, as no writer does, counts twice.
  let room = Math.floor(bytes.length / 4);
  const count = (length: number) => {
    room -= length;
    if (!(length >= 0 && room >= 0)) throw broken('its metadata lies about how much it lists');
    return length;
  };
  const field = (own: Field | null, depth: number) => {
    if (own === null) return;
    if (depth > deepest) throw broken(`its fields lie more than ${deepest} deep`);
    count(own.customMetadataLength());
    const children = count(own.childrenLength());
    for (let i = 0; i < children; i++) field(own.children(i), depth + 1);
  };
  const batch = (own: RecordBatch | null) => {
    if (own === null) return;
    // The library makes room for the rows that are said to be there.
    const lengths = [own.length()];
    const nodes = count(own.nodesLength());
    for (let i = 0; i < nodes; i++) lengths.push(own.nodes(i)?.length() ?? 0n);
    if (lengths.some((length) => length < 0n || length > mostRows)) throw broken('a batch of it lies about its rows');
    count(own.buffersLength());
    count(own.variadicBufferCountsLength());
  };
  const message = Message.getRootAsMessage(new ByteBuffer(bytes));
  count(message.customMetadataLength());
  const kind = message.headerType();
  if (kind === MessageHeader.Schema) {
    const schema: Schema | null = message.header(new Schema());
    count(schema?.customMetadataLength() ?? 0);
    const fields = count(schema?.fieldsLength() ?? 0);
    for (let i = 0; i < fields; i++) field(schema?.fields(i) ?? null, 1);
  } else if (kind === MessageHeader.RecordBatch) batch(message.header(new RecordBatch()));
  else if (kind === MessageHeader.DictionaryBatch)
    batch((message.header(new DictionaryBatch()) as DictionaryBatch | null)?.data() ?? null);
}
