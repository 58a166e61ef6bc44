/** Every file in attacks/ (made by bench/goldens/attacks.py) is refused, in words, and nothing runs. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { UserError } from '../../errors.ts';
import { TorchFile } from './torch-file.ts';

const folder = join(import.meta.dirname, 'attacks');
const files = readdirSync(folder).filter((name) => name.endsWith('.pt'));

async function refusal(name: string): Promise<UserError> {
  const error = await TorchFile.open(join(folder, name)).then(
    () => new Error(`${name} was opened`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof UserError)) throw error;
  return error;
}

/** What the message names, where that is the point of the trick. */
const named: Record<string, string | RegExp> = {
  'os-system': '"os.system"',
  'posix-system': '"posix.system"',
  'nt-system': '"nt.system"',
  subprocess: '"subprocess.Popen"',
  'builtins-eval': '"builtins.eval"',
  'python2-builtins': '"__builtin__.eval"',
  'builtins-getattr': '"builtins.getattr"',
  'nested-getattr': '"builtins.getattr"',
  'dotted-attribute': '"collections.OrderedDict.__init__.__globals__"',
  'dotted-torch': '"torch.FloatStorage.__new__"',
  'torch-rebuild-neighbour': '"torch._utils._import_dotted_name"',
  'newline-in-name': String.raw`"os\n.system"`,
  'stack-global': '"os.system"',
  'stack-global-split': '"torch._utils._rebuild_tensor_v2"',
  'memo-swap': '"os.system"',
  'memo-huge': 'memo 4294967295',
  'extension-1': 'EXT1',
  'extension-2': 'EXT2',
  'extension-4': 'EXT4',
  inst: 'INST',
  obj: 'OBJ',
  newobj: 'NEWOBJ',
  'newobj-ex': 'NEWOBJ_EX',
  persid: 'PERSID',
  buffer: 'NEXT_BUFFER',
  dup: 'DUP',
  'build-tensor': 'BUILD',
  'build-global': 'BUILD',
  'build-slots': 'BUILD',
  'reduce-protocol-0': /pickle opcode|"__builtin__.print"/,
  'reduce-protocol-2': '"__builtin__.print"',
  'reduce-protocol-5': '"builtins.print"',
  'call-of-a-type': 'calls "torch.FloatStorage"',
  'tensor-past-storage': 'past its storage',
  'tensor-huge': 'past its storage',
  'tensor-empty-overflow': 'past its storage',
  'tensor-expanded': 'strides [0]',
  'storage-missing': '"7", which is missing',
  'storage-traversal': '"../../data.pkl", which is missing',
  'storage-size-lies': 'storage of 16 bytes',
  'name-escape': String.raw`"w\u001b[2J" is no name`,
  'opcodes-endless': 'more than 1000000 opcodes',
  'same-name-twice': 'two tensors in it are called "w"',
  'zip-truncated': 'truncated',
  'zip-overlap': 'overlaps',
  'zip-same-bytes-twice': 'overlaps',
  'zip-bomb-ratio': 'a zip bomb',
  'zip-bomb-claims': 'MB are inflated',
  'zip-bomb': 'claims 50.3 MB, more than',
  'zip-bomb-size-lies': 'does not inflate to the 1048576 bytes',
  'zip-encrypted': 'encrypted',
  'zip-lzma': 'method 14',
  'zip-method-lies': /disagrees|inflate|claims/,
};

test('the folder is whole', () => {
  expect(files.length).toBeGreaterThan(100);
  expect(Object.keys(named).filter((name) => !files.includes(`${name}.pt`))).toEqual([]);
});

test.each(files)('%s', async (file) => {
  // What needs the bytes of a tensor to come out.
  if (['zip-name-lies.pt', 'zip-huge-size.pt'].includes(file)) return;
  const { code, message, next } = await refusal(file);
  const isContainer =
    /^(zip|not-a|no-bytes|storage-(missing|trav|size)|same-name|name-(reserved|escape|endless)|tensor-expanded)/.test(
      file,
    );
  expect(code).toBe(isContainer || /^no-(tensors|dictionary)/.test(file) ? 'file-damaged' : 'pickle-refused');
  expect(message).toContain(join(folder, file));
  expect(next).not.toBe('');
  const wanted = named[file.slice(0, -'.pt'.length)];
  if (wanted !== undefined) expect(message).toMatch(typeof wanted === 'string' ? asPattern(wanted) : wanted);
});

const asPattern = (text: string) => new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
