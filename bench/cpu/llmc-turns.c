/*
 * llm.c's CPU program making timed steps when asked: compiled by llmc.ts with the folder of github.com/karpathy/llm.c
 * among the include paths and TESTING defined, which leaves its own main out.
 *   llmc-turns FILE MAX_T VOCAB LAYERS HEADS WIDTH BATCH
 * FILE: where it writes made-up weights in llm.c's format and reads them again. Then, for every number of steps on
 * standard input, one line {"ms":[...]}.
 */
#include "train_gpt2.c"

static unsigned int noise_state = 1;
static float noise(void) {
  noise_state ^= noise_state << 13, noise_state ^= noise_state >> 17, noise_state ^= noise_state << 5;
  return (noise_state >> 8) / 8388608.0f - 1.0f;
}

static void write_weights(const char *path, GPT2Config config) {
  int header[256] = {20240326,      3, config.max_seq_len, config.vocab_size, config.num_layers, config.num_heads,
                     config.channels, config.padded_vocab_size};
  size_t sizes[NUM_PARAMETER_TENSORS], count = 0;
  fill_in_parameter_sizes(sizes, config);
  for (int i = 0; i < NUM_PARAMETER_TENSORS; i++) count += sizes[i];
  float *weights = mallocCheck(count * sizeof(float));
  for (size_t i = 0; i < count; i++) weights[i] = 0.03f * noise();
  FILE *file = fopenCheck(path, "wb");
  if (fwrite(header, sizeof(int), 256, file) != 256 || fwrite(weights, sizeof(float), count, file) != count) exit(3);
  fcloseCheck(file);
  free(weights);
}

int main(int argc, char **argv) {
  if (argc != 8) return 2;
  GPT2Config config = {0};
  config.max_seq_len = atoi(argv[2]);
  config.vocab_size = atoi(argv[3]);
  config.padded_vocab_size = (config.vocab_size + 127) / 128 * 128;
  config.num_layers = atoi(argv[4]);
  config.num_heads = atoi(argv[5]);
  config.channels = atoi(argv[6]);
  int B = atoi(argv[7]), T = config.max_seq_len;
  write_weights(argv[1], config);
  GPT2 model;
  gpt2_build_from_checkpoint(&model, argv[1]);
  int *inputs = mallocCheck(B * T * sizeof(int)), *targets = mallocCheck(B * T * sizeof(int));
  int steps = 0, made = 0;
  while (scanf("%d", &steps) == 1 && steps > 0) {
    double *ms = mallocCheck(steps * sizeof(double));
    for (int i = 0; i < steps; i++) {
      for (int j = 0; j < B * T; j++) {
        inputs[j] = (int)((noise() + 1.0f) * 0.4999f * config.vocab_size);
        targets[j] = (int)((noise() + 1.0f) * 0.4999f * config.vocab_size);
      }
      struct timespec start, end;
      clock_gettime(CLOCK_MONOTONIC, &start);
      gpt2_forward(&model, inputs, targets, B, T);
      gpt2_zero_grad(&model);
      gpt2_backward(&model);
      gpt2_update(&model, 3e-4f, 0.9f, 0.95f, 1e-8f, 0.1f, ++made);
      clock_gettime(CLOCK_MONOTONIC, &end);
      ms[i] = (end.tv_sec - start.tv_sec) * 1e3 + (end.tv_nsec - start.tv_nsec) / 1e6;
    }
    // On a line of its own: llm.c prints words of its own, with and without an end of line.
    printf("\n{\"ms\":[");
    for (int i = 0; i < steps; i++) printf("%s%.3f", i ? "," : "", ms[i]);
    printf("]}\n");
    fflush(stdout);
    free(ms);
  }
  return 0;
}
