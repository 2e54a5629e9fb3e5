# Stands in for Get-CimInstance of CimCmdlets, local and without sessions.
function Get-CimInstance {
    [Diagnostics.CodeAnalysis.SuppressMessageAttribute('PSAvoidOverwritingBuiltInCmdlets', '', Justification = 'it stands in for it')]
    [CmdletBinding(DefaultParameterSetName = 'ClassNameComputerSet')]
    param(
        [Parameter(ParameterSetName = 'ClassNameComputerSet', Position = 0, Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string]$ClassName,
        [Parameter(ParameterSetName = 'ClassNameComputerSet', ValueFromPipelineByPropertyName = $true)]
        [string]$Filter,
        [Parameter(ParameterSetName = 'CimInstanceComputerSet', Position = 0, Mandatory = $true, ValueFromPipeline = $true)]
        [Alias('CimInstance')][PSTypeName('Microsoft.Management.Infrastructure.CimInstance')][psobject]$InputObject,
        [Parameter(ParameterSetName = 'ClassNameComputerSet')]
        [switch]$KeyOnly,
        [Parameter(ParameterSetName = 'ClassNameComputerSet', ValueFromPipelineByPropertyName = $true)]
        [Parameter(ParameterSetName = 'QueryComputerSet', ValueFromPipelineByPropertyName = $true)]
        [string]$Namespace,
        [Parameter()]
        [Alias('OT')][uint32]$OperationTimeoutSec,
        [Parameter(ParameterSetName = 'ClassNameComputerSet')]
        [Alias('SelectProperties')][string[]]$Property,
        [Parameter(ParameterSetName = 'QueryComputerSet', Mandatory = $true, ValueFromPipelineByPropertyName = $true)]
        [string]$Query
    )
    process {
        Invoke-FakeCim -Cmdlet $PSCmdlet -Bound $PSBoundParameters -Work {
            param($World)
            $wanted = $ClassName
            $where = $Filter
            if ($Query) {
                if ($Query -notmatch '(?is)^\s*select\s+.+?\s+from\s+(\w+)(\s+where\s+(.+?))?\s*$') { Deny-FakeCim -Code '0x80041017' -Message 'Ungueltige Abfrage' }
                $wanted = $Matches[1]
                $where = if ($Matches.ContainsKey(3)) { $Matches[3] } else { '' }
            }
            if ($null -ne $InputObject) { Get-FakeCimAgain -World $World -Instance $InputObject; return }
            Assert-FakeNamespace -Class $wanted -Namespace $Namespace
            $table = Get-FakeCimTable -World $World -Class $wanted
            if ($null -eq $table) { Deny-FakeCim -Code '0x80041010' -Message 'Ungueltige Klasse' }
            foreach ($instance in $table) { if (Test-FakeWql -Instance $instance -Where $where) { $instance } }
        }
    }
}
