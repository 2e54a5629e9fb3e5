# The agent's text for the real parser, and its help for the real reader of help. All other rules: ../../rules.ts, which need no PowerShell.
BeforeAll {
    $folder = [System.IO.Path]::GetFullPath([System.IO.Path]::Combine($PSScriptRoot, '..', '..', '..', '..', 'agents', 'hyperv'))
    $script:Trees = foreach ($file in [System.IO.Directory]::GetFiles($folder, '*.ps1', 'AllDirectories')) {
        $tokens = $null
        $problems = $null
        $tree = [System.Management.Automation.Language.Parser]::ParseFile($file, [ref] $tokens, [ref] $problems)
        @{ File = $file; Tree = $tree; Problems = @($problems) }
    }
}

Describe 'Sources' {
    It 'are read by the real parser' {
        $script:Trees.Count | Should -BeGreaterThan 100
        @($script:Trees | ForEach-Object { $_.Problems } | ForEach-Object { "$($_.Extent.File):$($_.Extent.StartLineNumber) $($_.Message)" }) | Should -BeNullOrEmpty
    }
    It 'have help that Get-Help finds' {
        $dumb = foreach ($one in $script:Trees) {
            $function = $one.Tree.Find({ param($node) $node -is [System.Management.Automation.Language.FunctionDefinitionAst] }, $false)
            if ($null -ne $function -and [string]::IsNullOrWhiteSpace($function.GetHelpContent().Synopsis)) { $one.File }
        }
        @($dumb) | Should -BeNullOrEmpty
    }
}
