/* The bench world in C: the limit, what one gets with nothing in between.
 *
 * Owns: the rules of world_rules.py over arrays, the search molt uses: ripe places sorted into
 * cells in every tick, Molbots too, and each cell's inhabitants look at its neighbourhood 16 at a
 * time, or one by one where cells hold few. Molbots are put into the order of cells every
 * RESORT_TICKS, so that neighbours in the world are neighbours in memory. Threads by OpenMP.
 *
 * Called as: world_limit KEY=VALUE...   Prints one line of JSON, like the Mesa peers.
 */
#include <math.h>
#include <omp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LANES = 16, BLOCK = 1024, STREAMS = 4, THREADS_MAX = 8, NOTHING = -1 };
enum { RESORT_TICKS = 32, PARALLEL_FROM = 8192 /* Molbots */ };
static const float RIPE_PER_CELL = 2.0f, CROWDED = 8.0f, ENERGY_MAX = 100.0f;

typedef float Floats __attribute__((vector_size(4 * LANES)));
typedef int32_t Ints __attribute__((vector_size(4 * LANES)));
typedef int32_t Word __attribute__((may_alias)); /* a column's bits, whatever they mean */

static double entities = 500, side = 2000, threads = 1, warm = 0, ticks = 20, budget_s = 30;
static double friction, resource_spawn_rate, sense_radius, speed_max, eat_reach, eat_bite,
    resource_max, resource_ripe, cost_base, cost_speed, birth_energy, birth_age, birth_spread,
    age_max;
static const struct { const char *name; double *value; } KEYS[] = {
#define KEY(name) {#name, &name}
    KEY(entities), KEY(side), KEY(threads), KEY(warm), KEY(ticks), KEY(budget_s), KEY(friction),
    KEY(resource_spawn_rate), KEY(sense_radius), KEY(speed_max), KEY(eat_reach), KEY(eat_bite),
    KEY(resource_max), KEY(resource_ripe), KEY(cost_base), KEY(cost_speed), KEY(birth_energy),
    KEY(birth_age), KEY(birth_spread), KEY(age_max),
};

static float *x, *y, *vx, *vy, *energy;
static int32_t *age, *wanted, *dead, *bearing, *cell_of, *order, living;
static float *place_x, *place_y, *amount, *store_x, *store_y;
static int32_t *moved, *ripe, *ripe_cell, *store_place, *food_starts, *body_starts, *counts;
static int places, cells_max, cols, rows;
static float cell, per_length; /* side of a cell, and one over it */
static uint64_t tick;

static double now_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

/* SplitMix64's finalizer over (tick, number, use): a float from 0 to 1. */
static inline float draw(uint64_t number, uint64_t use) {
    uint64_t z = (tick * 8 + use) * 0xD1342543DE82EF95u + number * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return (float)((z ^ (z >> 31)) >> 40) * 0x1p-24f;
}

/* Not fminf: without -ffinite-math-only that is a call. */
static inline float least_of(float a, float b) { return a < b ? a : b; }
static inline float most_of(float a, float b) { return a > b ? a : b; }
static inline float clamp(float value) { return least_of(most_of(value, 0), (float)side); }
static inline int at_least_0(int value) { return value > 0 ? value : 0; }
static inline int at_most(int value, int most) { return value < most ? value : most; }

static inline int cell_at(float px, float py) {
    int col = at_most((int)(px * per_length), cols - 1);
    int row = at_most((int)(py * per_length), rows - 1);
    return row * cols + col;
}

/* First number of the part of `count` things that a thread does. */
static inline int part(int count, int thread, int all) {
    return (int)((int64_t)count * thread / all);
}

/* Let the food grow and list the places that are ripe, each thread its own run of them. */
static void grow(int *found, int all) {
    const float rate = (float)resource_spawn_rate, full = (float)resource_max,
                least = (float)resource_ripe;
#pragma omp parallel for num_threads(all) schedule(static)
    for (int thread = 0; thread < all; thread++) {
        int first = part(places, thread, all), last = part(places, thread + 1, all), n = first;
        for (int j = first; j < last; j++) amount[j] = least_of(amount[j] + rate, full);
        for (int j = first; j < last; j++) {
            ripe[n] = j;
            n += amount[j] >= least;
        }
        found[thread] = n - first;
    }
}

/* Sort the ripe places into cells that hold RIPE_PER_CELL of them. */
static void index_food(const int *found, int all) {
    int total = 0;
    for (int thread = 0; thread < all; thread++) {
        memmove(ripe + total, ripe + part(places, thread, all), sizeof(int) * found[thread]);
        total += found[thread];
    }
    float wish = sqrtf(RIPE_PER_CELL * (float)(side * side) / (float)(total > 0 ? total : 1));
    float finest = 1.01f * (float)side / sqrtf((float)cells_max);
    cell = most_of(least_of(wish, 2 * (float)sense_radius), finest);
    per_length = 1 / cell;
    cols = rows = (int)(side / cell) + 1;
    memset(food_starts, 0, sizeof(int) * (cols * rows + 1));
    for (int k = 0; k < total; k++) {
        ripe_cell[k] = cell_at(place_x[ripe[k]], place_y[ripe[k]]);
        food_starts[ripe_cell[k]]++;
    }
    for (int c = 1; c <= cols * rows; c++) food_starts[c] += food_starts[c - 1];
    for (int k = total - 1; k >= 0; k--) {
        int at = --food_starts[ripe_cell[k]], j = ripe[k];
        store_x[at] = place_x[j], store_y[at] = place_y[j], store_place[at] = j;
    }
}

/* How far a point is from the nearest border of a block of cells behind which there are more. */
static inline float border_of(float px, float py, int left, int right, int low, int high) {
    float border = (float)sense_radius, slack = cell * 1e-3f;
    if (left > 0) border = least_of(border, px - left * cell - slack);
    if (right < cols) border = least_of(border, right * cell - px - slack);
    if (low > 0) border = least_of(border, py - low * cell - slack);
    return high < rows ? least_of(border, high * cell - py - slack) : border;
}

static inline int is_sure(float border, float d2) {
    return border >= (float)sense_radius || (border > 0 && d2 < border * border);
}

/* Search for one Molbot: 2 x 2 cells, then more until nothing nearer can be outside. */
static int nearest(float px, float py) {
    int left = at_least_0(at_most((int)(px * per_length + 0.5f) - 1, cols - 2)), right = left + 2;
    int low = at_least_0(at_most((int)(py * per_length + 0.5f) - 1, rows - 2)), high = low + 2;
    for (int more = 1;; more *= 2) {
        float best = INFINITY;
        int who = NOTHING;
        right = at_most(right, cols), high = at_most(high, rows);
        for (int row = low; row < high; row++)
            for (int k = food_starts[row * cols + left]; k < food_starts[row * cols + right]; k++) {
                float dx = store_x[k] - px, dy = store_y[k] - py, d2 = dx * dx + dy * dy;
                who = d2 < best ? store_place[k] : who;
                best = least_of(best, d2);
            }
        if (is_sure(border_of(px, py, left, right, low, high), best))
            return best <= (float)(sense_radius * sense_radius) ? who : NOTHING;
        left = at_least_0(left - more), low = at_least_0(low - more);
        right += more, high += more;
    }
}

/* Search for all inhabitants of one cell, LANES at a time, in the 3 x 3 cells around it. */
static void search_cell(int row, int col) {
    int left = at_least_0(col - 1), right = at_most(col + 2, cols);
    int low = at_least_0(row - 1), high = at_most(row + 2, rows);
    int last = body_starts[row * cols + col + 1];
    /* Who lives in the middle cell has at least one cell's side to the border. */
    const float seen2 = (float)(sense_radius * sense_radius), side2 = cell * cell * 0.99f,
                settled2 = least_of(seen2, side2);
    for (int first = body_starts[row * cols + col]; first < last; first += LANES) {
        int count = at_most(LANES, last - first), open = 0;
        const int32_t *const who_asks = order + first; /* beyond the last: others, not stored */
        union { Floats all; float of[LANES]; } px, py, best = {.all = (Floats){0} + INFINITY};
        union { Ints all; int32_t of[LANES]; } who = {.all = (Ints){0} + NOTHING};
        for (int lane = 0; lane < LANES; lane++) px.of[lane] = x[who_asks[lane]];
        for (int lane = 0; lane < LANES; lane++) py.of[lane] = y[who_asks[lane]];
        Floats here_x = px.all, here_y = py.all, nearest2 = best.all;
        Ints place = who.all;
        for (int r = low; r < high; r++)
            for (int k = food_starts[r * cols + left]; k < food_starts[r * cols + right]; k++) {
                Floats dx = store_x[k] - here_x, dy = store_y[k] - here_y, d2 = dx * dx + dy * dy;
                Ints nearer = d2 < nearest2;
                nearest2 = (Floats)((nearer & (Ints)d2) | (~nearer & (Ints)nearest2));
                place = (nearer & store_place[k]) | (~nearer & place);
            }
        best.all = nearest2, who.all = place;
        for (int lane = 0; lane < LANES; lane++) open |= best.of[lane] > settled2;
        for (int lane = 0; lane < count; lane++) wanted[who_asks[lane]] = who.of[lane];
        for (int lane = 0; open && lane < count; lane++) {
            float border = border_of(px.of[lane], py.of[lane], left, right, low, high);
            int *place_of = wanted + who_asks[lane];
            if (!is_sure(border, best.of[lane])) *place_of = nearest(px.of[lane], py.of[lane]);
            else if (best.of[lane] > seen2) *place_of = NOTHING;
        }
    }
}

/* Put the numbers of the Molbots into the order of cells. Each thread counts STREAMS runs side by
 * side, each on its own: neighbours share a cell, and one counter would wait for itself. */
static void sort_bodies(int all) {
    int cells = cols * rows, runs = all * STREAMS;
#pragma omp parallel num_threads(all)
    {
        int run = omp_get_thread_num() * STREAMS, begin[STREAMS + 1];
        int32_t *own[STREAMS];
        for (int s = 0; s <= STREAMS; s++) begin[s] = part(living, run + s, runs);
        for (int s = 0; s < STREAMS; s++) own[s] = counts + (int64_t)(run + s) * (cells + 1);
        memset(own[0], 0, sizeof(int) * STREAMS * (cells + 1));
        for (int i = begin[0]; i < begin[STREAMS]; i++) cell_of[i] = cell_at(x[i], y[i]);
        int least = (begin[STREAMS] - begin[0]) / STREAMS; /* the length of each, or one less */
        for (int k = 0; k <= least + 1; k++)
            for (int s = 0; s < STREAMS; s++)
                if (begin[s] + k < begin[s + 1]) own[s][cell_of[begin[s] + k]]++;
#pragma omp barrier
#pragma omp single
        for (int c = 0, at = 0; c <= cells; c++) {
            body_starts[c] = at;
            for (int r = 0; r < runs; r++) {
                int32_t *count = counts + (int64_t)r * (cells + 1) + c, n = *count;
                *count = at;
                at += n;
            }
        }
        for (int k = 0; k <= least + 1; k++)
            for (int s = 0; s < STREAMS; s++)
                if (begin[s] + k < begin[s + 1])
                    order[own[s][cell_of[begin[s] + k]]++] = begin[s] + k;
    }
}

/* Store the Molbots themselves in the order of cells. */
static void resort(void) {
    Word *columns[] = {(Word *)x, (Word *)y, (Word *)vx, (Word *)vy, (Word *)energy, (Word *)age};
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++) {
        for (int k = 0; k < living; k++) moved[k] = columns[c][order[k]];
        memcpy(columns[c], moved, sizeof(int) * living);
    }
}

static void sense(int all) {
    float inhabitants = (float)living / (float)(cols * rows);
    int sorts = tick % RESORT_TICKS == 0;
    if (inhabitants >= CROWDED || sorts) sort_bodies(all);
    if (sorts) {
        resort();
        for (int i = 0; i < living; i++) order[i] = i;
    }
    if (inhabitants >= CROWDED) {
#pragma omp parallel for num_threads(all) schedule(dynamic, 1)
        for (int row = 0; row < rows; row++)
            for (int col = 0; col < cols; col++) search_cell(row, col);
    } else {
#pragma omp parallel for num_threads(all) schedule(static)
        for (int i = 0; i < living; i++) wanted[i] = nearest(x[i], y[i]);
    }
}

/* Steer, move, pay and age; `wanted` keeps the food only of those who reach it. */
static void live_block(int first, int count) {
    const float kept = (float)friction, taken = 1 - kept, fastest = (float)speed_max,
                reach = (float)eat_reach, base = (float)cost_base, per = (float)cost_speed;
    float want_x[BLOCK], want_y[BLOCK];
    int32_t food_at[BLOCK];
    int32_t *const want = wanted + first, *const ages = age + first;
    float *const px = x + first, *const py = y + first, *const sx = vx + first,
          *const sy = vy + first, *const fuel = energy + first;
    for (int i = 0; i < count; i++) {
        int food = at_least_0(want[i]);
        float dx = place_x[food] - px[i], dy = place_y[food] - py[i];
        float distance = sqrtf(dx * dx + dy * dy);
        float scale = least_of(fastest, distance) / most_of(distance, 1e-30f);
        want_x[i] = dx * scale, want_y[i] = dy * scale;
        food_at[i] = distance <= reach ? want[i] : NOTHING;
        ages[i]++;
    }
    for (int i = 0; i < count; i++) {
        if (want[i] == NOTHING) {
            want_x[i] = fastest * (draw(first + i, 0) - 0.5f);
            want_y[i] = fastest * (draw(first + i, 1) - 0.5f);
        }
    }
    for (int i = 0; i < count; i++) {
        want[i] = food_at[i];
        sx[i] = sx[i] * kept + want_x[i] * taken, sy[i] = sy[i] * kept + want_y[i] * taken;
        fuel[i] -= base + per * (want_x[i] * want_x[i] + want_y[i] * want_y[i]);
        px[i] = clamp(px[i] + sx[i]), py[i] = clamp(py[i] + sy[i]);
    }
}

static void move_body(int from, int to) {
    x[to] = x[from], y[to] = y[from], vx[to] = vx[from], vy[to] = vy[from];
    energy[to] = energy[from], age[to] = age[from];
}

static void bear(int mother) {
    int i = living++;
    float spread = (float)birth_spread;
    energy[i] = energy[mother] /= 2;
    x[i] = clamp(x[mother] + spread * (2 * draw(i, 2) - 1));
    y[i] = clamp(y[mother] + spread * (2 * draw(i, 3) - 1));
    vx[i] = vy[i] = 0, age[i] = 0;
}

/* Eat in order of the Molbots, then remove the dead and let the others bear. */
static void eat_die_bear(void) {
    int starved = 0, bears = 0;
    const float bite = (float)eat_bite, enough = (float)birth_energy;
    const int oldest = (int)age_max, grown = (int)birth_age;
    for (int i = 0; i < living; i++) {
        int food = wanted[i];
        if (food != NOTHING) {
            float meal = least_of(least_of(bite, amount[food]), ENERGY_MAX - energy[i]);
            energy[i] += meal, amount[food] -= meal;
        }
        if (energy[i] <= 0 || age[i] > oldest) dead[starved++] = i;
        else if (energy[i] >= enough && age[i] >= grown) bearing[bears++] = i;
    }
    int room = (int)entities - living + starved;
    for (int k = 0; k < bears && room > 0; k++, room--) {
        /* A child takes the place of a dead one while there is one, else the end. */
        bear(bearing[k]);
        if (starved > 0) move_body(--living, dead[--starved]);
    }
    while (starved > 0) move_body(--living, dead[--starved]);
}

static void step(void) {
    static int found[THREADS_MAX];
    int all = entities >= PARALLEL_FROM ? (int)threads : 1;
    grow(found, all);
    index_food(found, all);
    sense(all);
#pragma omp parallel for num_threads(all) schedule(static)
    for (int first = 0; first < living; first += BLOCK)
        live_block(first, at_most(BLOCK, living - first));
    eat_die_bear();
    tick++;
}

static int by_cell(const void *a, const void *b) {
    const float *p = a, *q = b;
    int u = (int)(p[1] / cell), v = (int)(q[1] / cell);
    if (u != v) return u < v ? -1 : 1;
    return p[0] < q[0] ? -1 : p[0] > q[0];
}

static void *room(int64_t count) {
    void *found = aligned_alloc(64, (size_t)(count * 4 + 4 * LANES + 63) / 64 * 64);
    if (!found) abort();
    return found;
}

static void found_world(void) {
    int n = places = (int)entities;
    cells_max = 2 * n + 64;
    float **reals[] = {&x, &y, &vx, &vy, &energy, &place_x, &place_y, &amount, &store_x, &store_y};
    int32_t **wholes[] = {&age, &wanted, &dead, &bearing, &cell_of, &moved,
                          &order, &ripe, &ripe_cell, &store_place};
    /* One more than the slots: a child is made at the end before it takes a dead one's place. */
    for (size_t k = 0; k < sizeof reals / sizeof *reals; k++) *reals[k] = room(n + 1);
    for (size_t k = 0; k < sizeof wholes / sizeof *wholes; k++) *wholes[k] = room(n + 1);
    /* A search looks at LANES Molbots, also behind the last. */
    memset(order, 0, sizeof(int) * (n + LANES));
    food_starts = room(cells_max + 2), body_starts = room(cells_max + 2);
    counts = room((int64_t)threads * STREAMS * (cells_max + 1));
    float(*spots)[2] = room((int64_t)n * 2);
    cell = (float)(side / sqrt(n));
    for (int j = 0; j < n; j++)
        spots[j][0] = draw(j, 4) * (float)side, spots[j][1] = draw(j, 5) * (float)side;
    qsort(spots, n, sizeof *spots, by_cell);
    for (int j = 0; j < n; j++) {
        place_x[j] = spots[j][0], place_y[j] = spots[j][1];
        amount[j] = draw(j, 6) * (float)resource_max;
    }
    free(spots);
    tick = 1u << 20; /* other draws than those of the food */
    for (int i = 0; i < n; i++) {
        x[i] = draw(i, 4) * (float)side, y[i] = draw(i, 5) * (float)side;
        vx[i] = vy[i] = 0, energy[i] = 50, age[i] = 0;
    }
    tick = 0, living = n;
}

int main(int count, char **given) {
    for (int a = 1; a < count; a++) {
        char *equals = strchr(given[a], '=');
        size_t k = 0, keys = sizeof KEYS / sizeof *KEYS;
        if (equals) *equals = 0;
        while (k < keys && strcmp(given[a], KEYS[k].name)) k++;
        if (!equals || k == keys) {
            fprintf(stderr, "cannot use %s: there is no such key\n", given[a]);
            return 64;
        }
        *KEYS[k].value = atof(equals + 1);
    }
    double began = now_s();
    found_world();
    double founded = now_s() - began;
    for (int t = 0; t < (int)warm; t++) step();
    printf("{\"founded_s\": %.6f, \"ticks_ms\": [", founded);
    for (int t = 0; t < (int)ticks && now_s() - began < budget_s; t++) {
        double started = now_s();
        step();
        printf("%s%.6f", t ? ", " : "", (now_s() - started) * 1e3);
    }
    printf("], \"population\": %d}\n", living);
    return 0;
}
