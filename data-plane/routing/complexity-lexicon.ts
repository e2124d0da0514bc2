/**
 * Words that say what kind of work is asked for, in English, Chinese, Spanish, German, French, Japanese, Portuguese, Russian and Korean.
 * Classes, not prompts: an entry belongs here when it would mean the same in any request. `~` ends a stem (`word-trie.ts`).
 */
export const LEXICON = {
  /** Routine operations on something that is there. */
  routine: `rename, reformat, format, indent, typo~, spelling, spell check, spell-check, proofread, translat~, convert, capitali~, lowercase, uppercase, sort, list,
    extract, rewrite this sentence, paraphras~, shorten, rephrase, correct, comment~, docstring~, boilerplate, snippet, hello world, one-liner,
    greeting, tagline~, slogan~, subject line, caption~, hashtag~, synonym~, headline, title, label, classify this, classify these, classify the, tag, categori~, count, fill in, swap, remove, delete,
    replace, 改写, 翻译, 翻成, 译成, 改名, 重命名, 格式化, 错别字, 拼写, 转换, 转成, 提取, 列出, 分类, 排序, 润色, 标题, 口号, 注释, 删除, 替换, 缩短,
    traduc~, corrige, corregir, ortograf~, convierte, convertir, extrae, ordena, renombra~, formatea, reformula, resume en una, título, lista de, eslogan,
    übersetz~, korrigier~, rechtschreib~, umbenenn~, formatier~, konvertier~, wandle, extrahier~, sortier~, überschrift, betreffzeile, kürze,
    tradui~, orthographe, renomme~, extrai~, trie, convertis, reformule~, titre, liste,
    翻訳, 訳して, 直して, 誤字, 変換, 抽出, 並べ替え, 分類, 名前を変, タイトル, 見出し, 言い換え, 一覧, リネーム, 整形,
    traduz~, corrij~, converta, liste, ordene, перевед~, исправ~, переимен~, перечисли, 번역, 고쳐, 변환, 추출, 분류, 제목, 정렬`,
  /** A fact or a definition. */
  fact: `what is, what's, what are, who is, who was, when did, when was, where is, how many, how much, which year, define, definition of, meaning of, capital of,
    is it true, yes or no, what does, name the, name three, how do i, 是什么, 什么是, 什么意思, 多少, 谁是, 哪一年, 几个, 哪个, 怎么读,
    qué es, cuál es, cuánto~, quién, cuándo, dónde, qué significa, was ist, wer ist, wie viele, wann, welche~, was bedeutet, qu'est-ce, quelle est, combien, qui est, quand,
    とは何, とは, 何ですか, いつ, どこ, いくつ, 誰, o que é, qual é, quantos, quem, что такое, сколько, кто, когда, 무엇, 뭐야, 얼마, 언제, 누구`,
  /** The customer wants little. */
  brief: `one sentence, one line, one word, in a sentence, two sentences, single sentence, single word, briefly, brief, short, quick, quickly, simple, simply, just, only the, tl;dr, tldr,
    bullet points, in 20 words, three words, basic, casual, friendly reminder, 一句话, 简短, 简单, 一行, 简要, 一个词, 只回答, 只需, 两句,
    una frase, una oración, breve~, corto, corta, simple~, sencill~, rápid~, una línea, ein satz, einem satz, kurz~, einfach~, knapp, eine zeile, en une phrase, bref, brève~, court~, rapide~,
    一文で, 短く, 短い, 簡単, 一言, 簡潔, 一行で, uma frase, curto, curta, simples, кратко, одним предложением, простой, коротк~, 한 문장, 짧게, 간단, 한 줄`,
  /** Length and depth are asked for. */
  extensive: `comprehensive~, in-depth, in depth, detailed, thorough~, exhaustive~, complete, full, entire, end-to-end, end to end, production-ready, production-grade, from scratch, rigorous~, systematic~,
    long-form, white paper, whitepaper, report, multi-page, chapter, novella, essay, keynote, manifesto, dissertation, literature review, deep dive, 3000 words, 2000 words, 1500 words, 全面, 详细, 深入, 完整, 系统地, 严谨, 长篇, 报告, 白皮书, 论文, 从零,
    exhaustiv~, detallad~, complet~, profund~, riguros~, informe, ensayo, ausführlich~, umfassend~, vollständig~, detailliert~, gründlich~, tiefgehend~, bericht, approfondi~, détaillé~, rapport, mémoire,
    詳細, 包括的, 網羅的, 徹底, 完全な, 厳密, 論文, レポート, 報告書, 本格的, detalhad~, abrangente~, completo, relatório, подробн~, исчерпывающ~, полн~, 상세, 자세, 포괄적, 심층, 보고서, 완전한, 종합적`,
  /** Thinking that has to be right at several places at once. */
  deep: `design, architect~, prove, proof, proofs, derive, deriv~, optimi~, trade-off~, tradeoff~, trade off~, reconcil~, root cause~, diagnos~, invariant~, formali~, formally, theorem, lemma, reason about, reason through, rigor~, justify, critique,
    counterexample~, failure mode~, refute, falsif~, generali~, characteri~, identifiab~, strategy, strategic~, synthesi~, game-theor~, equilibri~, causal~, confound~, counterfactual~, infer, hypothes~, evaluate, assess, weigh, stress-test, threat model~, model the, simulate, nuanced, subtle, implications, second-order, verify, guarantee~, correctness,
    设计, 架构, 证明, 推导, 优化, 权衡, 根因, 根本原因, 诊断, 不变量, 定理, 反例, 边界情况, 策略, 战略, 综合, 因果, 假设, 评估, 论证, 模型, 正确性, 博弈, 均衡, 复杂度,
    diseñ~, arquitectura, demuestra, demostrar, demostración, deduc~, optimiz~, compensacion~, causa raíz, diagnostic~, estrateg~, evalú~, argumenta~, justific~, hipótesis, sintetiz~,
    entwirf, entwerf~, architektur, beweis~, leite, herleit~, optimier~, abwäg~, ursach~, strateg~, bewert~, begründ~, hypothes~, invariant~, zielkonflikt~,
    conçoi~, conception, démontr~, preuve, dédui~, optimis~, compromis, cause racine, stratég~, évalu~, justifi~, hypothès~,
    設計, アーキテクチャ, 証明, 導出, 最適化, トレードオフ, 根本原因, 診断, 戦略, 評価, 論証, 仮説, 因果, 反例, 検証, 不変条件,
    projete, arquitetura, prove que, demonstre, otimiz~, estratég~, avalie, justifique, спроектир~, архитектур~, докаж~, доказ~, оптимиз~, стратег~, оцени~, обоснуй, компромисс~, 설계, 아키텍처, 증명, 유도, 최적화, 트레이드오프, 전략, 평가, 원인 분석, 가설`,
  /** Fields where a wrong answer looks right: computing. */
  systems: `concurren~, lock-free, deadlock~, race condition~, distributed, consensus, raft, paxos, sharding, shard~, replicat~, consistency, linearizab~, idempoten~, exactly-once, exactly once, transaction~, isolation level~, multi-tenant, fault-toleran~, fault toleran~, event sourc~, microservice~,
    kernel, compiler~, garbage collect~, memory model, memory leak~, memory safety, simd, gpu, cuda, cryptograph~, zero-knowledge, vulnerabilit~, exploit~, authentication, oauth, backpressure, scheduler~, scalab~, millions of, throughput, latency, p99, zero-downtime, zero downtime, migration~, monolith, rollback, b-tree, lsm, crdt~, parser, type system, type inference, interpreter, lifetimes, borrow checker, dynamic programming, np-hard, graph algorithm~, amortized, big-o, legacy,
    并发, 死锁, 竞态, 分布式, 一致性, 共识, 分片, 幂等, 事务, 多租户, 容错, 微服务, 内核, 编译器, 内存泄漏, 内存模型, 垃圾回收, 高可用, 高并发, 吞吐, 延迟, 迁移, 解析器, 动态规划, 无锁, 加密, 漏洞, 调度,
    concurrencia, distribuid~, consistencia, condición de carrera, interbloqueo, escalab~, migración, compilador, microservicios, vulnerabilidad~, nebenläufig~, verteilte~, konsistenz, wettlaufsituation, skalierbar~, mandantenfähig~, migration, übersetzerbau, ausfallsicher~, concurrence critique, distribué~, cohérence, interblocage~, évolutiv~, compilateur,
    並行, 並列, 分散, 整合性, デッドロック, 競合状態, 冪等, スケーラ, マイクロサービス, コンパイラ, 脆弱性, 移行, 排他制御, スループット, レイテンシ, concorrência, distribuído, consistência, escaláv~, распредел~, консистентн~, гонк~, взаимоблокир~, масштабир~, компилятор~, 동시성, 분산, 일관성, 교착, 경쟁 상태, 확장성, 컴파일러, 마이그레이션, 멱등`,
  /** Fields where a wrong answer looks right: mathematics and science. */
  science: `integral, derivative, eigenvalue~, matrix, manifold, topolog~, group theory, subgroup~, homomorphism, modulo, prime~, probabilit~, expected value, variance, bayes~, posterior, stochastic, martingale~, differential equation~, pde, lagrangian, hamiltonian, quantum, relativity, thermodynam~, entropy, induction, contradiction, convergen~, bounded, infinite, irrational, combinator~, recurrence, polynomial, inequality, asymptotic~, lower bound, upper bound, regression, heteroskedastic~, instrumental variable~, difference-in-differences, randomi~, p-value~, confidence interval~, kinetics, pathway~, genom~, protein,
    积分, 导数, 特征值, 矩阵, 流形, 拓扑, 群论, 质数, 素数, 概率, 期望, 方差, 贝叶斯, 随机, 微分方程, 量子, 相对论, 热力学, 熵, 归纳法, 反证, 收敛, 有界, 组合, 递推, 多项式, 不等式, 渐近, 回归, 置信区间, 显著性,
    integral~, derivada, matriz, probabilidad, esperanza matemática, varianza, ecuación diferencial, primo~, inducción, converge~, polinomio, desigualdad, cuántic~, termodinám~, wahrscheinlichkeit~, erwartungswert, varianz, differentialgleichung~, primzahl~, vollständige induktion, konvergen~, polynom~, ungleichung, quanten~, matrizen, irrational~, intégrale, probabilité~, espérance, équation différentielle, nombre premier, nombres premiers, récurrence, inégalité, quantique,
    積分, 微分, 固有値, 行列, 確率, 期待値, 分散を, 微分方程式, 量子, 帰納法, 背理法, 収束, 多項式, 不等式, 回帰, 素数, 漸化式, probabilidade, primos, indução, equação diferencial, интеграл~, вероятност~, матриц~, дифференциальн~, просты~ числ~, индукци~, сходи~, неравенств~, 적분, 확률, 기댓값, 행렬, 미분방정식, 귀납법, 수렴, 부등식, 소수`,
  /** Fields where a wrong answer looks right: business, law, medicine, policy. */
  expertise: `regulat~, complian~, gdpr, hipaa, litigation, liabilit~, contract~, clause~, indemnif~, jurisdiction~, patent~, antitrust, fiduciary, valuation~, dcf, discounted cash flow, balance sheet, cash flow, ebitda, hedging, derivatives, portfolio, macroeconom~, monetary policy, fiscal, cohort~, churn, unit economics, cannibali~, elasticity, forecast~, scenario~, sensitivity, due diligence, acquisition~, merger~, m&a, shareholders, investor~, board, clinical, differential diagnosis, contraindicat~, comorbid~, etiology, epidemiolog~, geopolit~, ethic~, moral, philosoph~, epistem~, hermeneutic~, historiograph~,
    合规, 监管, 诉讼, 责任, 合同, 条款, 专利, 反垄断, 估值, 现金流, 资产负债, 宏观经济, 货币政策, 财政, 留存, 流失, 单位经济, 弹性, 情景, 敏感性, 尽职调查, 并购, 投资者, 股东, 董事会, 临床, 鉴别诊断, 流行病, 地缘政治, 伦理, 哲学, 预测,
    regulaci~, cumplimiento, contrato~, cláusula~, litigio~, patente~, valoración, flujo de caja, macroeconóm~, escenario~, sensibilidad, diligencia debida, adquisición, fusión, accionista~, inversor~, clínic~, geopolít~, étic~, filosóf~, pronóstic~, regulatorisch~, haftung~, vertrag~, klausel~, bewertung, cashflow, bilanz~, szenari~, übernahme, anleger, vorstand, aufsichtsrat, klinisch~, ethisch~, philosoph~, dsgvo, prognose~, juridique~, conformité, contrat~, clause, valorisation, trésorerie, scénario~, actionnaire~, investisseur~, clinique~, éthique~, prévision~,
    規制, コンプライアンス, 契約, 条項, 訴訟, 特許, 企業価値, キャッシュフロー, 貸借対照表, 金融政策, シナリオ, 感度分析, 買収, 合併, 株主, 投資家, 取締役会, 臨床, 鑑別診断, 疫学, 地政学, 倫理, 哲学, 予測, regulament~, contrato, cenário~, investidor~, ético~, регулир~, договор~, ответственност~, сценари~, инвестор~, слияни~, прогноз~, этическ~, философ~, 규제, 계약, 소송, 특허, 기업가치, 현금흐름, 시나리오, 민감도, 인수, 합병, 주주, 투자자, 이사회, 임상, 윤리, 철학, 예측`,
  /** Work of the middle: a part that has to be made or understood. */
  build: `implement~, function, class, component, endpoint, api, unit test~, tests, test case~, debug, bug, fix, error, exception, refactor, query, sql, script, algorithm, parse, validate, validation, pagination, cache, caching, async, api call, blog post, short story, op-ed, article, email, newsletter, product description, press release, cover letter, proposal, outline, landing page, speech, story, poem, dialogue, persona, tone,
    explain, compare, comparison, contrast, summari~, analy~, identify, themes, trend~, insight~, recommend~, pros and cons, advantages, interpret, calculate, solve, puzzle, riddle, plan, schedule, estimate, why,
    实现, 函数, 组件, 接口, 单元测试, 测试, 调试, 报错, 修复, 重构, 查询, 脚本, 算法, 校验, 缓存, 分页, 文章, 博客, 邮件, 新闻稿, 文案, 演讲, 故事, 诗, 解释, 比较, 对比, 总结, 分析, 趋势, 建议, 优缺点, 计算, 求解, 计划, 为什么,
    implementa~, función, clase, componente, pruebas, depura~, error~, refactoriz~, consulta, algoritmo, artículo, correo, propuesta, discurso, cuento, historia, explica~, compara~, resum~, analiz~, identific~, tendencia~, recomend~, ventajas, calcula~, resuelve, planific~, por qué,
    implementier~, schreibe eine funktion, funktion, klasse, komponente, fehler~, debugg~, abfrage, algorithmus, artikel, e-mail, blogbeitrag, pressemitteilung, rede, geschichte, gedicht, erklär~, vergleich~, zusammenfass~, fasse, analysier~, trend~, empfehl~, vorteile, berechne~, löse, plane, warum,
    fonction, classe, composant, tests unitaires, débogu~, erreur~, requête, algorithme, courriel, discours, histoire, poème, expliqu~, compar~, résum~, identifi~, tendance~, recommand~, avantages, calcul~, résou~, pourquoi,
    実装, 関数, クラス, コンポーネント, テスト, デバッグ, エラー, 修正, リファクタ, クエリ, スクリプト, アルゴリズム, 記事, メール, ブログ, 提案, スピーチ, 物語, 詩, 説明, 比較, 要約, 分析, 傾向, 提案して, 計算, 解いて, 計画, なぜ,
    implemente, função, testes, artigo, explique, compare, resuma, analise, calcule, reализ~, реализуй, функци~, тест~, ошибк~, запрос, алгоритм, статья, статью, письмо, объясни, сравни, проанализир~, рассчитай, реши, почему, 구현, 함수, 테스트, 오류, 버그, 쿼리, 알고리즘, 기사, 이메일, 이야기, 설명, 비교, 요약, 분석, 추세, 계산, 계획, 왜`,
  /** Writing whose difficulty is in how it is done. */
  craft: `narrat~, unreliable, subtext, metaphor~, allegor~, satir~, pastiche, imitat~, iambic, sonnet~, villanelle, metre, rhetoric~, persuasive, motif~, imagery, screenplay~, novel, literary, stylistic~, ambigu~, wordplay, irony, ironic, parody, protagonist~, character arc~, arc, counterargument~, thesis, positioning, messaging, brand voice, campaign,
    crisis, investigative, white paper, whitepaper, monologue, audience~, stakeholder~, sceptical, skeptical, reputation~, tone of voice, style guide, manifesto, elegy, aphoris~, 叙述者, 叙事, 隐喻, 意象, 讽刺, 文学性, 悬念, 小说, 剧本, 反方, 论点, 品牌, 定位, 危机, 公关, 受众, 利益相关, 修辞, 反转, 伏笔, 主题,
    narrador~, metáfora~, sátira, ironía, guion, novela, contraargument~, tesis, posicionamiento, campaña, crisis, audiencia~, retóric~, literari~, erzähl~, metapher~, satir~, ironie, drehbuch, roman, gegenargument~, these, positionierung, kampagne, krise~, zielgruppe~, rhetori~, literarisch~, kommunikationskonzept, narrateur~, métaphore~, ironie, scénario de film, nouvelle, contre-argument~, positionnement, campagne, rhétorique, littéraire~,
    語り手, 比喩, 隠喩, 風刺, 皮肉, 脚本, 小説, 反論, ブランド, 危機管理, 広報, 読者層, 修辞, 文体, 構成上, イメージを, contra-argument~, posicionamento, campanha, retóric~, рассказчик~, метафор~, сатир~, иронi~, сценарий фильма, роман, контраргумент~, кампани~, риторик~, стиле, 서술자, 은유, 풍자, 시나리오 작성, 소설, 반론, 브랜드, 캠페인, 위기, 수사, 문체`,
  /** Conditions that the answer has to meet. */
  constraint: `must, must not, must be, should not, shouldn't, do not, don't, without, at most, at least, exactly, no more than, no fewer than, less than, under, within, ensure, only if, unless, except, avoid, require~, constraint~, subject to, given that, assume, assuming, preserv~, support~, handle, handling, including, include, such that, while, budget,
    必须, 不得, 不能, 不要, 至少, 最多, 恰好, 不超过, 确保, 除非, 假设, 要求, 约束, 限制, 满足, 包括, 支持, 处理, 保持, 同时, 前提,
    debe~, no debe, sin usar, sin, al menos, como máximo, exactamente, asegúra~, a menos que, evita~, requisito~, restriccion~, incluye~, suponiendo, dado que, mientras,
    muss, müssen, darf, dürfen, ohne, mindestens, höchstens, genau, sicherstell~, außer, vermeide~, anforderung~, einschließlich, unter berücksichtigung, nebenbedingung~, während, doit, doivent, sans, au moins, au plus, exactement, assure~, évite~, contrainte~, en supposant, incluant, tout en,
    必ず, なければ, てはいけない, せずに, 以内, 以上, 以下, 制約, 条件, ただし, 含め, 保ち, 前提, 満たす, deve, devem, sem, pelo menos, no máximo, garanta, restriç~, должн~, нельзя, без, не более, не менее, учитыва~, ограничен~, при условии, 해야, 하지 말, 없이, 이상, 이하, 이내, 조건, 제약, 포함, 유지하면서, 고려`,
  /** Several things, one after another. */
  steps: `first, second, third, then, next, finally, after that, afterwards, step by step, step-by-step, steps, phase~, stage~, part 1, part a, also, additionally, in addition, followed by, each of, for each, respectively, both, as well as, multiple, several,
    首先, 其次, 然后, 接着, 最后, 一步一步, 逐步, 分步, 步骤, 阶段, 并且, 同时给出, 此外, 分别, 每个, 以及, 并给出, 并说明,
    primero, segundo, luego, después, finalmente, paso a paso, pasos, fases, además, cada un~, así como, zuerst, dann, danach, schließlich, schritt für schritt, schritte, phasen, außerdem, jeweils, sowie, anschließend, d'abord, ensuite, puis, enfin, étape~, de plus, chaque, ainsi que,
    まず, 次に, その後, 最後に, 段階, 手順, ステップ, それぞれ, さらに, および, primeiro, depois, finalmente, passo a passo, além disso, сначала, затем, потом, наконец, пошагово, шаг~, кажд~, также, 먼저, 그다음, 다음으로, 마지막으로, 단계, 각각, 또한, 그리고`,
} as const satisfies Readonly<Record<string, string>>;

export type WordClass = keyof typeof LEXICON;
