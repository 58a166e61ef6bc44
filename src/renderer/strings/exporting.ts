export const exporting = {
  title: 'Export a model',
  text: {
    huggingface:
      'A Hugging Face folder: config, safetensors, tokenizer and a model card that says where it comes from.',
    gguf: 'One .gguf file for llama.cpp, LM Studio and what is built on them; the tokenizer is inside.',
    onnx: 'One .onnx file for onnxruntime and what reads plain ONNX: input_ids in, logits out, without a cache. The model card is inside; the tokenizer is not.',
    llmc: 'One .bin file as llm.c starts from; its CPU program reads float32.',
    nanogpt: 'One .pt file as nanoGPT’s sample.py and torch.load(weights_only=True) open it; without optimizer state.',
  },
  weights: 'Weights',
  width: 'Width: another one is worked out from what the run stored',
  widthRange: (min: number, max: number) => `From ${min} to ${max}`,
  step: 'Checkpoint',
  newest: (step: string) => `Newest, step ${step}`,
  stepIs: (step: string) => `Step ${step}`,
  layout: 'Layout',
  layouts: { huggingface: 'Hugging Face', nanogpt: 'nanoGPT .pt', gguf: 'GGUF', llmc: 'llm.c .bin', onnx: 'ONNX' },
  refused: {
    exact: 'This model has the exact GELU, and llm.c knows only the tanh form.',
    tanh: 'This model has the tanh form of GELU, and nanoGPT knows only the exact one.',
  },
  otherArchitecture: 'nanoGPT, GGUF and llm.c are written for GPT-2 only.',
  llamaGelu: 'llama.cpp computes the tanh form for every GPT-2: a difference of about 1e-5 in the loss.',
  folded: 'Attention divided by the layer’s number is folded into the query weights.',
  format: 'Format',
  formats: { float32: 'float32', float16: 'float16', bfloat16: 'bfloat16', q8_0: 'Q8_0' },
  sizes: (format: string, size: string) => `${format} · ${size}`,
  checked: 'Afterwards it is read again: every weight, the hash, and the loss on the run’s validation blocks.',
  action: 'Export',
  working: 'Writing, then reading it again…',
  done: 'Exported to',
  copyPath: 'Copy path',
  noCheckpoint: 'There is no checkpoint to export from yet.',
  check: {
    label: 'What the check found',
    weights: (n: string) => `Read again: all ${n} weights are what they should be.`,
    hash: (size: string, hash: string) => `${size} of weights, SHA-256 ${hash}…`,
    copyHash: 'Copy the whole SHA-256',
    loss: {
      same: (_: string, written: string, blocks: string) =>
        `Its loss is ${written} on the run’s ${blocks} blocks, the same as before it was written.`,
      rounded: (source: string, written: string, blocks: string) =>
        `Its loss is ${written} on the run’s ${blocks} blocks, ${source} before: what rounding may do.`,
      moved: (source: string, written: string, blocks: string) =>
        `Its loss is ${written} on the run’s ${blocks} blocks, but ${source} before: more than rounding should do. Prefer float32.`,
    },
    noLoss: (why: string) => `Its loss was not measured: ${why}`,
  },
} as const;
