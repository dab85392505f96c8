/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Much code of few lines: templates, lambdas and short functions that end up in each other. Never run. */
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

namespace shop {

struct Item {
	std::string name;
	double price;
	int cnt;

	double total() const { return price * cnt; }
	bool operator<(const Item &other) const { return total() < other.total(); }
};

template <typename T, typename F> auto map_over(const std::vector<T> &from, F f)
{
	std::vector<decltype(f(from[0]))> to;

	for (const auto &x : from)
		to.push_back(f(x));
	return to;
}

class Cart {
public:
	virtual ~Cart() = default;
	virtual double sum() const
	{
		auto totals = map_over(items, [](const Item &i) { return i.total(); });

		return std::accumulate(totals.begin(), totals.end(), 0.0, std::plus<double>());
	}
	void add(const std::string &line)
	{
		static const std::regex form("([a-z]+) *([0-9.]+) *x *([0-9]+)");
		std::smatch m;

		if (std::regex_match(line, m, form))
			items.push_back({m[1], std::stod(m[2]), std::stoi(m[3])});
	}
	void sort() { std::sort(items.begin(), items.end()); }
	std::map<std::string, std::set<int>> by_name() const
	{
		std::map<std::string, std::set<int>> ret;

		for (const auto &i : items)
			ret[i.name].insert(i.cnt);
		return ret;
	}

protected:
	std::vector<Item> items;
};

class Discount : public Cart {
public:
	explicit Discount(std::function<double(double)> f) : f(std::move(f)) {}
	double sum() const override { return f(Cart::sum()); }

private:
	std::function<double(double)> f;
};

} // namespace shop

static int count_words(std::istream &from, std::unordered_map<std::string, int> &words)
{
	std::string word;
	int cnt = 0;

	while (from >> word) {
		std::transform(word.begin(), word.end(), word.begin(),
			       [](unsigned char c) { return std::tolower(c); });
		cnt += ++words[word] == 1;
	}
	return cnt;
}

int main(int argc, char **argv)
{
	std::vector<std::unique_ptr<shop::Cart>> carts;
	std::unordered_map<std::string, int> words;
	std::ostringstream out;

	for (int i = 1; i < argc; i++) {
		std::istringstream line(argv[i]);

		carts.push_back(std::make_unique<shop::Discount>([i](double x) { return x * i; }));
		carts.back()->add(argv[i]);
		carts.back()->sort();
		out << carts.back()->sum() << count_words(line, words);
		for (const auto &[name, cnts] : carts.back()->by_name())
			out << name << *cnts.begin();
	}
	std::cout << out.str() << '\n';
	return 0;
}
