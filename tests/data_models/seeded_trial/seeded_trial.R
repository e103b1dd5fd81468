# A small trial made by a seed, and what R says of it: the R-parity tests of every clone read these files.
#
#   cd tests/data_models/seeded_trial && Rscript seeded_trial.R
#
# writes scores.csv and each expected_*.csv anew. Those committed are of R 4.2.2 with survival 3.5-3.
#
# The trial: HAM-D 17 of 64 people around one session on day 0, in two clinics: `weekly` scores every seventh day,
# `irregular` on days of its own. An empty score is a visit that was missed. Some were never ill (0 on day 0), some have
# no score on day 0 or only one of long before, some none after it, one has no score at all.
#
# Rules, as in the tests: baseline = last score of days -14 to 0; any above 0 counts; response = score at most half of
# the baseline; onset in (L, R], R = first score in response; loss = first later score above half of the baseline;
# remission = score of 7 or less. Days throughout.

library(survival)
RNGkind("Mersenne-Twister", "Inversion", "Rejection")
set.seed(1977)

# --- the scores ------------------------------------------------------------------------------------------------------
people <- 64
visits <- function(i) {
  days <- if (i %% 2 == 0) 7 * 1:6 else cumsum(sample(1:11, 6, replace = TRUE))
  baseline <- sample(14:34, 1)
  responds <- runif(1) < 0.8
  deepest <- if (responds) runif(1, 0.6, 1) else runif(1, -0.1, 0.45)
  fades <- if (runif(1) < 0.6) runif(1, 0.002, 0.02) else 0
  improvement <- deepest * (1 - exp(-days / runif(1, 1, 9))) - fades * days
  scores <- pmin(52, pmax(0, round(baseline * (1 - improvement) + rnorm(6, 0, 2.5))))
  scores[runif(6) < 0.12] <- NA                      # missed
  if (runif(1) < 0.25) scores[sample(2:6, 1):6] <- NA  # left
  all_days <- c(0, days)
  all_scores <- c(baseline, scores)
  if (i %% 7 == 0) { all_days <- c(-6, all_days); all_scores <- c(baseline + 3, all_scores) }
  if (i %in% c(5, 18, 41)) all_scores <- ifelse(all_days <= 0, 0, pmin(all_scores, 3))     # never ill
  if (i %in% c(9, 26)) all_scores[all_days <= 0] <- NA                                     # no baseline
  if (i == 13) all_days[all_days == 0] <- -15                                              # too long before
  if (i == 30) all_days[all_days == 0] <- -14                                              # just within
  if (i %in% c(17, 34)) all_scores[all_days > 0] <- NA                                     # nothing after
  if (i == 45) all_scores[] <- NA
  data.frame(patient = sprintf("p%02d", i), group = if (i %% 2 == 0) "weekly" else "irregular",
             day = all_days, score = all_scores)
}
scores <- do.call(rbind, lapply(seq_len(people), visits))

# --- each patient, by a plain loop -----------------------------------------------------------------------------------
one <- function(of) {
  known <- of[!is.na(of$score), ]
  before <- known[known$day <= 0 & known$day >= -14, ]
  after <- known[known$day > 0, ]
  row <- data.frame(id = of$patient[1], group = of$group[1], baseline = NA, n_post = nrow(after), last_time = NA,
                    status = "ok", ever_response = NA, L = NA, R = NA, event = NA, time_right = NA,
                    ever_remission = NA, response_last = NA, remission_last = NA, score_last = NA,
                    dur_event = NA, dur_time = NA, dur_L = NA, dur_R = NA)
  row$baseline <- if (nrow(before)) before$score[which.max(before$day)] else NA
  if (is.na(row$baseline)) row$status <- "no_baseline"
  else if (row$baseline == 0) row$status <- "baseline_zero"
  else if (nrow(after) == 0) row$status <- "no_follow_up"
  if (row$status != "ok") return(row)
  half <- 2 * after$score <= row$baseline
  n <- nrow(after)
  row$last_time <- after$day[n]
  row$score_last <- after$score[n]
  row$response_last <- as.integer(half[n])
  row$remission_last <- as.integer(after$score[n] <= 7)
  row$ever_remission <- as.integer(any(after$score <= 7))
  row$ever_response <- row$event <- as.integer(any(half))
  row$L <- row$time_right <- row$last_time
  row$R <- Inf
  if (any(half)) {
    first <- which(half)[1]
    row$R <- row$time_right <- after$day[first]
    row$L <- if (first == 1) 0 else after$day[first - 1]
    lost <- which(!half & seq_len(n) > first)
    row$dur_event <- as.integer(length(lost) > 0)
    end <- if (length(lost)) lost[1] else n
    row$dur_time <- after$day[end] - row$R
    row$dur_L <- if (length(lost)) after$day[end - 1] - row$R else row$dur_time
    row$dur_R <- if (length(lost)) row$dur_time else Inf
  }
  row
}
each <- do.call(rbind, lapply(split(scores, scores$patient), one))

# --- curves of each group --------------------------------------------------------------------------------------------
onset <- "time_to_response"
lasting <- "duration_of_response"
between <- "duration_of_response_interval_(excl_single_visit_responders)"
groups <- c("ALL", "irregular", "weekly")
in_group <- function(rows, group) if (group == "ALL") rows else rows[rows$group == group, ]
curve <- function(group, what) {
  rows <- in_group(each[each$status == "ok", ], group)
  if (what == onset) return(survfit(Surv(time_right, event) ~ 1, data = rows, conf.type = "log-log"))
  survfit(Surv(dur_time, dur_event) ~ 1, data = rows[rows$ever_response == 1, ], conf.type = "log-log")
}

# Turnbull 1976 by his own steps of self-consistency, until nothing moves: survfit's `interval2` takes the same steps
# and stops where S(t) moves by less than 5e-5, so it stands beside as S_survfit.
turnbull <- function(left, right) {
  ends <- rbind(data.frame(at = left, end = 1), data.frame(at = right, end = 0))  # at one time the right end is first
  ends <- ends[order(ends$at, ends$end), ]
  k <- nrow(ends)
  starts <- which(ends$end[-k] == 1 & ends$end[-1] == 0)
  L <- ends$at[starts]
  R <- ends$at[starts + 1]
  holds <- (outer(left, L, "<=") & outer(right, R, ">=")) + 0
  p <- rep(1 / length(L), length(L))
  for (part in 1:2) {  # what is on its way to no mass gets there slowly: taken away, and the rest goes on
    for (round in 1:30000) {
      moved <- p * as.vector(crossprod(holds, 1 / as.vector(holds %*% p))) / nrow(holds)
      still <- max(abs(moved - p)) < 1e-14
      p <- moved
      if (still) break
    }
    p[p < 1e-3] <- 0
    p <- p / sum(p)
  }
  gradient <- colSums(holds / as.vector(holds %*% p))
  stopifnot(max(gradient) <= length(left) * (1 + 1e-6))  # Kuhn and Tucker: no other curve is likelier
  fit <- survfit(Surv(left, right, type = "interval2") ~ 1)
  found <- data.frame(L, R, p, S_after_R = 1 - cumsum(p), S_survfit = summary(fit, pmin(R, max(fit$time)))$surv)
  found$S_survfit[is.infinite(found$R)] <- NA
  found$S_after_R[abs(found$S_after_R) < 1e-12] <- 0
  found[found$p > 0, ]
}
intervals <- function(group, what) {
  rows <- in_group(each[each$status == "ok", ], group)
  if (what == onset) return(turnbull(rows$L, rows$R))
  rows <- rows[rows$ever_response == 1, ]
  rows <- rows[!(rows$dur_L == 0 & is.infinite(rows$dur_R)), ]  # (0, Inf] says nothing
  turnbull(rows$dur_L, rows$dur_R)
}

every <- function(of, whats) do.call(rbind, lapply(groups, function(group)
  do.call(rbind, lapply(whats, function(what) data.frame(group, what, of(group, what))))))
km <- every(function(group, what) with(curve(group, what), data.frame(
  time, n_risk = n.risk, n_event = n.event, n_censor = n.censor, surv, se = surv * std.err,
  lower_loglog = lower, upper_loglog = upper)), c(onset, lasting))
quantiles <- every(function(group, what) {
  q <- quantile(curve(group, what), c(0.25, 0.5, 0.75))
  data.frame(conf_type = "log-log", prob = c(0.25, 0.5, 0.75), quantile = q$quantile, lower = q$lower, upper = q$upper)
}, c(onset, lasting))
until <- 14
means <- every(function(group, what) {
  table <- summary(curve(group, what), rmean = until)$table
  data.frame(until, mean = table[["rmean"]], se = table[["se(rmean)"]])
}, c(onset, lasting))
masses <- every(intervals, c(onset, between))

wilson <- function(x, n, level = 0.95) suppressWarnings(prop.test(x, n, conf.level = level, correct = FALSE)$conf.int)
half_way <- function(mass) unlist(mass[which(mass$S_after_R <= 0.5 + 1e-9)[1], c("L", "R")])
summaries <- do.call(rbind, lapply(groups, function(group) {
  all_rows <- in_group(each, group)
  rows <- all_rows[all_rows$status == "ok", ]
  last <- wilson(sum(rows$response_last), nrow(rows))
  remitted <- wilson(sum(rows$remission_last), nrow(rows))
  began <- half_way(intervals(group, onset))
  ended <- half_way(intervals(group, between))
  data.frame(group, unit = "day", n_total = nrow(all_rows), n_eval = nrow(rows), ever_resp = sum(rows$ever_response),
             resp_last = sum(rows$response_last), resp_last_pct = 100 * mean(rows$response_last),
             wilson_lo = last[1], wilson_hi = last[2], remit_last = sum(rows$remission_last),
             rem_wilson_lo = remitted[1], rem_wilson_hi = remitted[2],
             n_lost_response = sum(rows$dur_event, na.rm = TRUE),
             km_median_onset = unname(quantile(curve(group, onset), 0.5)$quantile),
             km_median_duration = unname(quantile(curve(group, lasting), 0.5)$quantile),
             turnbull_median_L = began[["L"]], turnbull_median_R = began[["R"]],
             turnbull_dur_median_L = ended[["L"]], turnbull_dur_median_R = ended[["R"]])
}))

counts <- do.call(rbind, lapply(c(1, 7, 60, 227, 5000), function(n) expand.grid(
  x = unique(c(0, 1, n %/% 3, n %/% 2, n - 1, n)), n = n, conf = c(0.9, 0.95, 0.99))))
bounds <- t(mapply(wilson, counts$x, counts$n, counts$conf))
counts <- data.frame(counts, p = counts$x / counts$n, wilson_lo = bounds[, 1], wilson_hi = bounds[, 2])

# --- files -----------------------------------------------------------------------------------------------------------
write <- function(rows, name) {
  numbers <- vapply(rows, is.double, TRUE)
  rows[numbers] <- lapply(rows[numbers], signif, 12)
  write.csv(rows, paste0(name, ".csv"), row.names = FALSE, quote = FALSE, na = "")
}
write(scores, "scores")
write(each, "expected_per_patient")
write(km, "expected_km")
write(quantiles, "expected_km_quantiles")
write(means, "expected_restricted_mean")
write(masses, "expected_turnbull")
write(summaries, "expected_summary")
write(counts, "expected_wilson")
