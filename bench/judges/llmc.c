/*
 * What does llm.c's CPU program say of a checkpoint that Meander wrote? Compiled in a copy of github.com/karpathy/llm.c:
 *   cc -O2 -DTESTING -I. -o judge llmc.c -lm && ./judge CKPT.bin ROWS LENGTH < IDS
 * IDS: rows of ids as text, LENGTH in each; prints the mean loss of every next id.
 */
#include "train_gpt2.c"

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: judge CKPT.bin ROWS LENGTH < IDS\n");
    return 2;
  }
  GPT2 model;
  gpt2_build_from_checkpoint(&model, argv[1]);
  int rows = atoi(argv[2]), length = atoi(argv[3]) - 1;
  int *inputs = malloc(rows * length * sizeof(int)), *targets = malloc(rows * length * sizeof(int));
  for (int r = 0; r < rows; r++) {
    int id = 0;
    for (int i = 0; i <= length; i++) {
      if (scanf("%d", &id) != 1) return 2;
      if (i < length) inputs[r * length + i] = id;
      if (i > 0) targets[r * length + i - 1] = id;
    }
  }
  gpt2_forward(&model, inputs, targets, rows, length);
  printf("%.7f\n", model.mean_loss);
  return 0;
}
