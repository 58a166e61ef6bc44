{
  # One static library per kernel family, the same sources compiled with the family's flags, so that one
  # binary holds all of them and the processor decides at run time.
  "variables": {
    "kernel_sources": [
      "src/kernels/adamw.cpp",
      "src/kernels/attention.cpp",
      "src/kernels/classifier.cpp",
      "src/kernels/decode.cpp",
      "src/kernels/dropout.cpp",
      "src/kernels/embedding.cpp",
      "src/kernels/gemm.cpp",
      "src/kernels/layernorm.cpp",
      "src/kernels/linear-rows.cpp",
      "src/kernels/linear.cpp",
      "src/kernels/merge.cpp",
      "src/kernels/rmsnorm.cpp",
      "src/kernels/rotary.cpp",
      "src/kernels/swiglu.cpp",
      "src/kernels/schedulefree.cpp",
      "src/kernels/table.cpp",
      "src/kernels/vectors.cpp"
    ],
    # What is compiled anew for products on tiles; all else is shared with the family of the same vectors.
    "tile_sources": [
      "src/kernels/classifier.cpp",
      "src/kernels/gemm-tiles.cpp",
      "src/kernels/linear.cpp",
      "src/kernels/table-tiles.cpp"
    ],
    "family_libraries": [],
    "conditions": [
      ["target_arch=='x64' and OS=='linux'", { "family_libraries": ["kernels_amxbf16"] }],
      ["target_arch=='x64'", { "family_libraries": ["kernels_amxtwin512", "kernels_avx512bf16", "kernels_avx512", "kernels_avx2", "kernels_amxtwin", "kernels_portablebf16", "kernels_portable"] }],
      ["target_arch=='arm64' and OS!='win'", { "family_libraries": ["kernels_neonbf16"] }],
      ["target_arch=='arm64'", { "family_libraries": ["kernels_neon", "kernels_amxtwin", "kernels_portablebf16", "kernels_portable"] }],
      ["target_arch!='x64' and target_arch!='arm64'", { "family_libraries": ["kernels_amxtwin", "kernels_portablebf16", "kernels_portable"] }]
    ]
  },
  "target_defaults": {
    "include_dirs": ["src"],
    "defines": ["NODE_API_NO_EXTERNAL_BUFFERS_ALLOWED", "NAPI_VERSION=8"],
    "cflags!": ["-fno-omit-frame-pointer", "-g"],
    "cflags_cc!": ["-fno-exceptions", "-std=gnu++17", "-std=gnu++20"],
    "cflags": ["-O3", "-fPIC", "-ffp-contract=off", "-fno-math-errno", "-fno-trapping-math", "-fvisibility=hidden"],
    "cflags_cc": ["-std=c++20", "-Wno-psabi", "-Wno-ignored-attributes", "-Wno-maybe-uninitialized", "-Wno-uninitialized"],
    "xcode_settings": {
      "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
      "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
      "MACOSX_DEPLOYMENT_TARGET": "12.0",
      "OTHER_CFLAGS": ["-O3", "-ffp-contract=off", "-fno-math-errno"]
    },
    "msvs_settings": {
      "VCCLCompilerTool": { "ExceptionHandling": 1, "AdditionalOptions": ["/std:c++20", "/fp:precise"] }
    }
  },
  "targets": [
    {
      "target_name": "kernels_portable",
      "type": "static_library",
      "sources": ["<@(kernel_sources)"],
      "defines": ["MEANDER_PORTABLE", "MEANDER_FAMILY=portable"]
    },
    {
      "target_name": "kernels_portablebf16",
      "type": "static_library",
      "sources": ["<@(kernel_sources)"],
      "defines": ["MEANDER_PORTABLE", "MEANDER_BF16", "MEANDER_FAMILY=portablebf16"]
    },
    {
      "target_name": "kernels_amxtwin",
      "type": "static_library",
      "sources": ["<@(tile_sources)"],
      "defines": ["MEANDER_PORTABLE", "MEANDER_BF16", "MEANDER_TILES", "MEANDER_FAMILY=amxtwin"]
    },
    {
      "target_name": "core",
      "type": "static_library",
      "sources": ["src/caches.cpp", "src/context.cpp", "src/cpu.cpp", "src/engine.cpp", "src/families.cpp", "src/memory.cpp", "src/merge.cpp", "src/pool.cpp", "src/program.cpp"]
    },
    {
      "target_name": "meander",
      "dependencies": ["core", "<@(family_libraries)"],
      "sources": ["binding/addon.cpp", "binding/merge.cpp"]
    },
    {
      "target_name": "kernel-tests",
      "type": "executable",
      "dependencies": ["core", "<@(family_libraries)"],
      "sources": ["test/main.cpp", "test/checks.cpp", "test/families.cpp", "test/speed.cpp"],
      "ldflags": ["-pthread"]
    }
  ],
  "conditions": [
    ["target_arch=='x64'", {
      "targets": [
        {
          "target_name": "kernels_avx512",
          "type": "static_library",
          "sources": ["<@(kernel_sources)"],
          "defines": ["MEANDER_AVX512", "MEANDER_FAMILY=avx512"],
          "cflags": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mfma", "-mavx2", "-mprefer-vector-width=512"],
          "xcode_settings": { "OTHER_CFLAGS": ["-O3", "-ffp-contract=off", "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mfma"] },
          "msvs_settings": { "VCCLCompilerTool": { "AdditionalOptions": ["/arch:AVX512"] } }
        },
        {
          "target_name": "kernels_avx512bf16",
          "type": "static_library",
          "sources": ["<@(kernel_sources)"],
          "defines": ["MEANDER_AVX512", "MEANDER_BF16", "MEANDER_FAMILY=avx512bf16"],
          "cflags": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx512bf16", "-mfma", "-mavx2", "-mprefer-vector-width=512"],
          "xcode_settings": { "OTHER_CFLAGS": ["-O3", "-ffp-contract=off", "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx512bf16", "-mfma"] },
          "msvs_settings": { "VCCLCompilerTool": { "AdditionalOptions": ["/arch:AVX512"] } }
        },
        {
          "target_name": "kernels_amxtwin512",
          "type": "static_library",
          "sources": ["<@(tile_sources)"],
          "defines": ["MEANDER_AVX512", "MEANDER_BF16", "MEANDER_TILES", "MEANDER_FAMILY=amxtwin512"],
          "cflags": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx512bf16", "-mfma", "-mavx2", "-mprefer-vector-width=512"],
          "xcode_settings": { "OTHER_CFLAGS": ["-O3", "-ffp-contract=off", "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx512bf16", "-mfma"] },
          "msvs_settings": { "VCCLCompilerTool": { "AdditionalOptions": ["/arch:AVX512"] } }
        },
        {
          "target_name": "kernels_avx2",
          "type": "static_library",
          "sources": ["<@(kernel_sources)"],
          "defines": ["MEANDER_AVX2", "MEANDER_FAMILY=avx2"],
          "cflags": ["-mavx2", "-mfma"],
          "xcode_settings": { "OTHER_CFLAGS": ["-O3", "-ffp-contract=off", "-mavx2", "-mfma"] },
          "msvs_settings": { "VCCLCompilerTool": { "AdditionalOptions": ["/arch:AVX2"] } }
        }
      ]
    }],
    ["target_arch=='x64' and OS=='linux'", {
      "targets": [
        {
          "target_name": "kernels_amxbf16",
          "type": "static_library",
          "sources": ["<@(tile_sources)"],
          "defines": ["MEANDER_AVX512", "MEANDER_BF16", "MEANDER_TILES", "MEANDER_AMX", "MEANDER_FAMILY=amxbf16"],
          "cflags": ["-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl", "-mavx512bf16", "-mfma", "-mavx2", "-mprefer-vector-width=512"]
        }
      ]
    }],
    ["target_arch=='arm64' and OS!='win'", {
      "targets": [
        {
          "target_name": "kernels_neonbf16",
          "type": "static_library",
          "sources": ["<@(kernel_sources)"],
          "defines": ["MEANDER_NEON", "MEANDER_BF16", "MEANDER_FAMILY=neonbf16"],
          "cflags": ["-march=armv8.2-a+bf16"],
          "xcode_settings": { "OTHER_CFLAGS": ["-O3", "-ffp-contract=off", "-march=armv8.2-a+bf16"] }
        }
      ]
    }],
    ["target_arch=='arm64'", {
      "targets": [
        {
          "target_name": "kernels_neon",
          "type": "static_library",
          "sources": ["<@(kernel_sources)"],
          "defines": ["MEANDER_NEON", "MEANDER_FAMILY=neon"]
        }
      ]
    }]
  ]
}
