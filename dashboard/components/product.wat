;; C (M, N) = A (M, K) B^T + bias with B (N, K), float32, K a multiple of 4; every argument but the sizes is a byte address.
;; Two rows of A meet four of B at a time, four products an instruction: 8 sums stay in registers, 6 loads feed 32 products.
;; product.js holds this file assembled (`wat2wasm product.wat | base64`), and the same loop in JavaScript as its fallback.
(module
  (import "m" "m" (memory 1))

  ;; The sum of a vector's four numbers.
  (func $sum (param $v v128) (result f32)
    (f32.add
      (f32.add (f32x4.extract_lane 0 (local.get $v)) (f32x4.extract_lane 1 (local.get $v)))
      (f32.add (f32x4.extract_lane 2 (local.get $v)) (f32x4.extract_lane 3 (local.get $v)))))

  ;; One product of a row of A and a row of B, `k` bytes long.
  (func $dot (param $a i32) (param $b i32) (param $k i32) (result f32)
    (local $i i32) (local $s v128)
    (loop $next
      (local.set $s (f32x4.add (local.get $s)
        (f32x4.mul (v128.load (i32.add (local.get $a) (local.get $i))) (v128.load (i32.add (local.get $b) (local.get $i))))))
      (local.set $i (i32.add (local.get $i) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $i) (local.get $k))))
    (call $sum (local.get $s)))

  (func (export "product") (param $A i32) (param $B i32) (param $bias i32) (param $C i32) (param $M i32) (param $N i32) (param $K i32)
    (local $k i32) (local $m i32) (local $n i32) (local $i i32) (local $two i32)
    (local $a i32) (local $a1 i32) (local $b i32) (local $b1 i32) (local $b2 i32) (local $b3 i32) (local $c i32) (local $c1 i32)
    (local $x v128) (local $y v128) (local $p v128) (local $q v128) (local $r v128) (local $s v128)
    (local $x0 v128) (local $x1 v128) (local $x2 v128) (local $x3 v128) (local $y0 v128) (local $y1 v128) (local $y2 v128) (local $y3 v128)
    (local.set $k (i32.shl (local.get $K) (i32.const 2)))
    (local.set $a (local.get $A))
    (local.set $c (local.get $C))
    (block $done
      (loop $rows
        (br_if $done (i32.ge_u (local.get $m) (local.get $M)))
        ;; The last row of an odd number meets itself: its sums are computed twice and stored once.
        (local.set $two (i32.lt_u (i32.add (local.get $m) (i32.const 1)) (local.get $M)))
        (local.set $a1 (select (i32.add (local.get $a) (local.get $k)) (local.get $a) (local.get $two)))
        (local.set $c1 (select (i32.add (local.get $c) (i32.shl (local.get $N) (i32.const 2))) (local.get $c) (local.get $two)))
        (local.set $n (i32.const 0))
        (local.set $b (local.get $B))
        (block $columns_done
          (loop $columns
            (br_if $columns_done (i32.gt_u (i32.add (local.get $n) (i32.const 4)) (local.get $N)))
            (local.set $b1 (i32.add (local.get $b) (local.get $k)))
            (local.set $b2 (i32.add (local.get $b1) (local.get $k)))
            (local.set $b3 (i32.add (local.get $b2) (local.get $k)))
            (local.set $x0 (v128.const f32x4 0 0 0 0)) (local.set $x1 (v128.const f32x4 0 0 0 0))
            (local.set $x2 (v128.const f32x4 0 0 0 0)) (local.set $x3 (v128.const f32x4 0 0 0 0))
            (local.set $y0 (v128.const f32x4 0 0 0 0)) (local.set $y1 (v128.const f32x4 0 0 0 0))
            (local.set $y2 (v128.const f32x4 0 0 0 0)) (local.set $y3 (v128.const f32x4 0 0 0 0))
            (local.set $i (i32.const 0))
            (loop $inner
              (local.set $x (v128.load (i32.add (local.get $a) (local.get $i))))
              (local.set $y (v128.load (i32.add (local.get $a1) (local.get $i))))
              (local.set $p (v128.load (i32.add (local.get $b) (local.get $i))))
              (local.set $q (v128.load (i32.add (local.get $b1) (local.get $i))))
              (local.set $r (v128.load (i32.add (local.get $b2) (local.get $i))))
              (local.set $s (v128.load (i32.add (local.get $b3) (local.get $i))))
              (local.set $x0 (f32x4.add (local.get $x0) (f32x4.mul (local.get $x) (local.get $p))))
              (local.set $x1 (f32x4.add (local.get $x1) (f32x4.mul (local.get $x) (local.get $q))))
              (local.set $x2 (f32x4.add (local.get $x2) (f32x4.mul (local.get $x) (local.get $r))))
              (local.set $x3 (f32x4.add (local.get $x3) (f32x4.mul (local.get $x) (local.get $s))))
              (local.set $y0 (f32x4.add (local.get $y0) (f32x4.mul (local.get $y) (local.get $p))))
              (local.set $y1 (f32x4.add (local.get $y1) (f32x4.mul (local.get $y) (local.get $q))))
              (local.set $y2 (f32x4.add (local.get $y2) (f32x4.mul (local.get $y) (local.get $r))))
              (local.set $y3 (f32x4.add (local.get $y3) (f32x4.mul (local.get $y) (local.get $s))))
              (local.set $i (i32.add (local.get $i) (i32.const 16)))
              (br_if $inner (i32.lt_u (local.get $i) (local.get $k))))
            (local.set $i (i32.shl (local.get $n) (i32.const 2)))
            (local.set $p (v128.load (i32.add (local.get $bias) (local.get $i))))
            (v128.store (i32.add (local.get $c1) (local.get $i)) (f32x4.add (local.get $p)
              (f32x4.replace_lane 3 (f32x4.replace_lane 2 (f32x4.replace_lane 1 (f32x4.splat (call $sum (local.get $y0)))
                (call $sum (local.get $y1))) (call $sum (local.get $y2))) (call $sum (local.get $y3)))))
            (v128.store (i32.add (local.get $c) (local.get $i)) (f32x4.add (local.get $p)
              (f32x4.replace_lane 3 (f32x4.replace_lane 2 (f32x4.replace_lane 1 (f32x4.splat (call $sum (local.get $x0)))
                (call $sum (local.get $x1))) (call $sum (local.get $x2))) (call $sum (local.get $x3)))))
            (local.set $n (i32.add (local.get $n) (i32.const 4)))
            (local.set $b (i32.add (local.get $b3) (local.get $k)))
            (br $columns)))
        (block $rest_done
          (loop $rest
            (br_if $rest_done (i32.ge_u (local.get $n) (local.get $N)))
            (local.set $i (i32.shl (local.get $n) (i32.const 2)))
            (f32.store (i32.add (local.get $c1) (local.get $i))
              (f32.add (f32.load (i32.add (local.get $bias) (local.get $i))) (call $dot (local.get $a1) (local.get $b) (local.get $k))))
            (f32.store (i32.add (local.get $c) (local.get $i))
              (f32.add (f32.load (i32.add (local.get $bias) (local.get $i))) (call $dot (local.get $a) (local.get $b) (local.get $k))))
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (local.set $b (i32.add (local.get $b) (local.get $k)))
            (br $rest)))
        (local.set $a (i32.add (local.get $a1) (local.get $k)))
        (local.set $c (i32.add (local.get $c1) (i32.shl (local.get $N) (i32.const 2))))
        (local.set $m (i32.add (local.get $m) (i32.const 2)))
        (br $rows)))))
